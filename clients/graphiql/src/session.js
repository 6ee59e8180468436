// What the page remembers: the session's tokens, and the ids that responses have shown.
// It is kept in sessionStorage: it survives a reload, belongs to one browser tab (two tabs can work
// as two people or in two accounts), and is gone when the tab is closed.
const KEY = 'rolecall:session';
const NOBODY = { accessToken: null, refreshToken: null, expiresAt: 0, labels: {}, seen: { acct: [], user: [] }, notice: null };
const SEEN = 50;

let state = { ...NOBODY, ...JSON.parse(sessionStorage.getItem(KEY) ?? '{}') };
const listeners = new Set();

export const current = () => state;

export function subscribe(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function update(changes) {
  state = { ...state, ...changes };
  sessionStorage.setItem(KEY, JSON.stringify(state));
  listeners.forEach((listener) => listener());
}

/** Forgets everything; the bar shows `notice`, if there is one. */
export const forget = (notice = null) => update({ ...NOBODY, notice });

/** The claims of an access token: `sub` (user), `acct`, `org`, `iat`, `exp`. Nothing here verifies them; the server does. */
export function claims(token = state.accessToken) {
  try {
    const payload = token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/');
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(payload), (char) => char.charCodeAt(0))));
  } catch {
    return {};
  }
}

/** Takes from a response's `data` what later requests need. */
export function learn(data) {
  if (!data || typeof data !== 'object') return;
  const payloads = Object.values(data);
  // signUp, signIn, refreshSession, acceptInvitation, switchAccount, resetPassword: whoever answers with tokens.
  const tokens = payloads.find((payload) => payload?.tokens?.accessToken)?.tokens;
  if (tokens) {
    const { sub, iat, exp } = claims(tokens.accessToken);
    if (sub !== claims().sub) state = NOBODY; // another person: nothing of the last one's stays
    update({
      accessToken: tokens.accessToken,
      refreshToken: tokens.refreshToken ?? null,
      // Measured on this machine's clock, which may differ from the server's.
      expiresAt: exp && iat ? Date.now() + (exp - iat) * 1000 : Number.MAX_SAFE_INTEGER,
      notice: null,
    });
  }
  const found = [];
  const visit = (node) => {
    if (!node || typeof node !== 'object') return;
    if (typeof node.id === 'string') found.push(node);
    Object.values(node).forEach(visit);
  };
  visit(data);
  if (found.length && state.accessToken) {
    const labels = { ...state.labels };
    for (const { id, email, name } of found) {
      // A response that shows a user's name alone does not displace the address.
      const label = email ?? (id.startsWith('user_') ? labels[id] : null) ?? name;
      if (label) labels[id] = label;
    }
    // Those of the latest response come first.
    const merge = (prefix) =>
      [...new Set([...found.map(({ id }) => id).filter((id) => id.startsWith(`${prefix}_`)), ...state.seen[prefix]])].slice(0, SEEN);
    update({ labels, seen: { acct: merge('acct'), user: merge('user') } });
  }
  if (data.signOut && !data.signOut.userErrors?.length) forget();
}

/** What each placeholder stands for at this moment; `undefined` if the page has not seen it yet. */
export function placeholders() {
  const { sub, acct, org } = claims();
  const { seen } = state;
  return {
    'org_…': org,
    'acct_…': acct,
    'acct_… (other)': seen.acct.find((id) => id !== acct),
    'user_…': sub,
    'user_… (other)': seen.user.find((id) => id !== sub),
  };
}

/** The variables with every placeholder replaced, and the placeholders that could not be. */
export function fill(variables) {
  const known = placeholders();
  const missing = new Set();
  const walk = (value) => {
    if (typeof value === 'string' && value in known) {
      if (!known[value]) missing.add(value);
      return known[value] ?? value;
    }
    if (Array.isArray(value)) return value.map(walk);
    if (value && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item)]));
    return value;
  };
  return { filled: walk(variables), missing: [...missing] };
}
