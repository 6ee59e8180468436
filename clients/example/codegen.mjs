// graphql-codegen: types for every operation, from the schema. An application would name its own documents
// alone; here the operations of the contract are among them, so that those are known to be typed.

/** @type {import('@graphql-codegen/cli').CodegenConfig} */
export default {
  schema: '../../schema.graphql',
  documents: ['../../tests/contract/operations.graphql', 'src/*.ts'],
  generates: {
    'src/gql/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        // The documents as text: nothing of graphql-js goes into the bundle.
        documentMode: 'string',
        scalars: { DateTime: 'string', ID: 'string', JSON: 'unknown' },
        strictScalars: true,
        useTypeImports: true,
      },
    },
  },
};
