import 'graphiql/style.css';
import './style.css';
import { GraphiQL } from 'graphiql';
import { parse, print } from 'graphql';
import { useSyncExternalStore } from 'react';
import { createRoot } from 'react-dom/client';
import { fetcher, signOut } from './fetcher.js';
import * as session from './session.js';
import { tabs } from './tabs.js';

// Variables hold passwords and invitation tokens, and GraphiQL stores variables (open tabs, history):
// so it gets the storage that ends with the browser tab.
const storage = sessionStorage;

// GraphiQL shows the first default tab's query on a first visit, but not its variables.
if (!storage.getItem('graphiql:tabState')) {
  storage.setItem('graphiql:query', tabs[0].query);
  storage.setItem('graphiql:variables', tabs[0].variables);
}

// GraphiQL's own loses the comment above the operation.
const prettify = (query) => /^(\s*#.*\n)*/.exec(query)[0] + print(parse(query));

function Bar() {
  const { accessToken, labels, notice } = useSyncExternalStore(session.subscribe, session.current);
  const me = session.claims().sub;
  return (
    <header className="bar">
      <strong>Rolecall</strong>
      {accessToken ? (
        <>
          <span>
            Signed in as <b>{labels[me] ?? me ?? 'someone'}</b>
          </span>
          <button type="button" onClick={() => signOut().catch(() => {})}>
            Sign out
          </button>
          <dl aria-label="What placeholders in variables stand for">
            {Object.entries(session.placeholders()).map(
              ([placeholder, id]) =>
                id && (
                  <div key={placeholder} title={`"${placeholder}" in variables is sent as ${id}`}>
                    <dt>{placeholder}</dt>
                    <dd>{labels[id] ?? id}</dd>
                  </div>
                ),
            )}
          </dl>
        </>
      ) : (
        <span>{notice ?? 'Not signed in'}: run SignUp or SignIn (the last tab)</span>
      )}
      <a href="/mailbox" target="_blank" rel="noopener">
        Mailbox
      </a>
    </header>
  );
}

createRoot(document.getElementById('root')).render(
  <>
    <Bar />
    <GraphiQL
      fetcher={fetcher}
      storage={storage}
      defaultTabs={tabs}
      defaultQuery={'# A new operation\n'}
      defaultEditorToolsVisibility="variables"
      onPrettifyQuery={prettify}
      isHeadersEditorEnabled
    >
      <GraphiQL.Logo>
        <span />
      </GraphiQL.Logo>
    </GraphiQL>
  </>,
);
