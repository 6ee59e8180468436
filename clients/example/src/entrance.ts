// The way in: with an identity, or by making one.

import { field, form, make } from './dom';
import { SignInDocument, SignUpDocument } from './gql/graphql';
import { ask, take } from './session';

export function entrance(notice = ''): HTMLElement {
  return make('main', {},
    make('h1', {}, 'Team'),
    make('p', {}, notice),
    form('Sign in', [
      field('Address', 'email', { type: 'email', autocomplete: 'username' }),
      field('Password', 'password', { type: 'password', autocomplete: 'current-password' }),
    ], async (value) => {
      const { signIn } = await ask(SignInDocument, { input: { email: value('email'), password: value('password') } });
      if (signIn.tokens) take(signIn.tokens);
      return signIn.userErrors;
    }),
    make('h2', {}, 'Or begin something new'),
    form('Sign up', [
      field('Your name', 'name', { autocomplete: 'name' }),
      field('Address', 'email', { type: 'email', autocomplete: 'email' }),
      field('Password', 'password', { type: 'password', autocomplete: 'new-password' }),
      field('Organization', 'organizationName', { autocomplete: 'organization' }),
    ], async (value) => {
      const { signUp } = await ask(SignUpDocument, {
        input: {
          name: value('name'),
          email: value('email'),
          password: value('password'),
          organizationName: value('organizationName'),
        },
      });
      if (signUp.tokens) take(signUp.tokens);
      return signUp.userErrors;
    }),
  );
}
