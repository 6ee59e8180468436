// The tabs that a new page opens with: the main job, in order. The operations are those of the
// contract with their fragments written out; they are files of their own so that a test of the
// server can validate them (and their variables, by operation name) against the schema.
import signUp from '../tabs/sign_up.graphql';
import viewer from '../tabs/viewer.graphql';
import inviteUsers from '../tabs/invite_users.graphql';
import invitations from '../tabs/invitations.graphql';
import organizationUsers from '../tabs/organization_users.graphql';
import changeAccountRole from '../tabs/change_account_role.graphql';
import createAccount from '../tabs/create_account.graphql';
import switchAccount from '../tabs/switch_account.graphql';
import access from '../tabs/access.graphql';
import signIn from '../tabs/sign_in.graphql';
import variables from '../tabs/variables.json';

export const tabs = Object.entries({
  SignUp: signUp,
  Viewer: viewer,
  InviteUsers: inviteUsers,
  Invitations: invitations,
  OrganizationUsers: organizationUsers,
  ChangeAccountRole: changeAccountRole,
  CreateAccount: createAccount,
  SwitchAccount: switchAccount,
  Access: access,
  SignIn: signIn,
}).map(([name, query]) => ({ query, variables: variables[name] ? JSON.stringify(variables[name], null, 2) : '' }));
