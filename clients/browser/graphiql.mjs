// GraphiQL, signed in through the page itself: the tabs that it opens with, in their order.

import assert from 'node:assert/strict';

/** GraphiQL takes a moment to read the operation of another tab, in milliseconds. */
const GRAPHIQL_READS = 500;

export async function graphiql({ visitor }) {
  const { page } = visitor;
  await visitor.open('/graphiql');
  const run = async (tab) => {
    await page.locator('.graphiql-tab-button').getByText(tab, { exact: true }).click();
    await page.waitForTimeout(GRAPHIQL_READS);
    const answered = page.waitForResponse((response) => response.request().postDataJSON()?.operationName === tab);
    await page.locator('.graphiql-query-editor textarea').first().focus();
    await page.keyboard.press('Control+Enter');
    const { data, errors } = await (await answered).json();
    assert.equal(errors, undefined, `${tab}: ${JSON.stringify(errors)}`);
    for (const answer of Object.values(data)) assert.deepEqual(answer.userErrors ?? [], [], tab);
  };
  await run('SignUp');
  await page.locator('.bar button').waitFor();
  for (const tab of ['Viewer', 'InviteUsers', 'Invitations', 'OrganizationUsers', 'CreateAccount', 'SwitchAccount', 'Access']) await run(tab);
  await visitor.picture('graphiql');
  visitor.seen.set('en/graphiql', '');
  await page.locator('.bar button').click();
  await page.locator('.bar button').waitFor({ state: 'detached' });
  // Coming back.
  await run('SignIn');
  await page.locator('.bar button').waitFor();
}
