// The way to the server: one typed function for every document.

import type { TypedDocumentString } from './gql/graphql';

/** Where the server is; serve.mjs fills it in. */
declare const ROLECALL_URL: string;

/** A request that was refused as a whole: `code` is `extensions.code` of its first error. */
export class RequestRefused extends Error {
  constructor(
    message: string,
    readonly code: string,
  ) {
    super(message);
  }
}

interface Answer<Data> {
  data?: Data | null;
  errors?: { message: string; extensions?: { code?: string } }[];
}

/** Sends a document, signed in with `accessToken` if there is one. What a person can mend is in the payload's `userErrors`. */
export async function send<Data, Variables>(
  document: TypedDocumentString<Data, Variables>,
  variables: Variables,
  accessToken?: string,
): Promise<Data> {
  const response = await fetch(`${ROLECALL_URL}/graphql`, {
    method: 'POST',
    headers: {
      accept: 'application/graphql-response+json',
      'content-type': 'application/json',
      ...(accessToken && { authorization: `Bearer ${accessToken}` }),
    },
    body: JSON.stringify({ query: document.toString(), variables }),
  });
  // A proxy in between may answer with a page of its own.
  const { data, errors } = (await response.json().catch(() => ({}))) as Answer<Data>;
  const [error] = errors ?? [];
  if (error) throw new RequestRefused(error.message, error.extensions?.code ?? 'INTERNAL');
  if (!data) throw new RequestRefused(response.statusText, 'INTERNAL');
  return data;
}
