// Which page there is to see. The part of the address behind # says it:
//
//     #/join/<token>      an invitation, as INVITATION_URL has its link
//     #/accounts/<id>     the team, with this tab in that account
//     anything else       the team, or the way in

import { make } from './dom';
import { entrance } from './entrance';
import { invitation } from './join';
import { begin, onChange, signedIn, switchTo } from './session';
import { team } from './team';

/** Counts what was begun to be shown: what comes late must not take the place of what came after it. */
let shown = 0;

async function page(notice?: string): Promise<HTMLElement> {
  const [, place, id] = location.hash.split('/');
  if (place === 'join' && id) return invitation(id);
  if (!signedIn()) return entrance(notice);
  if (place === 'accounts' && id) {
    const [refusal] = await switchTo(id);
    history.replaceState(null, '', '#/');
    if (refusal) return make('main', {}, make('h1', {}, 'Not that account'), make('p', {}, refusal.message), make('a', { href: '#/team' }, 'Back'));
  }
  return team();
}

/** Shows the page that there is now. */
async function show(notice?: string): Promise<void> {
  const turn = ++shown;
  let main: HTMLElement;
  try {
    main = await page(notice);
  } catch (error) {
    main = make('main', {}, make('h1', {}, 'That did not work'), make('p', {}, (error as Error).message));
  }
  if (turn === shown) document.body.replaceChildren(main);
}

await begin();
window.addEventListener('hashchange', () => void show());
onChange((notice) => void show(notice));
await show();
