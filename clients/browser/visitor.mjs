// Somebody with a browser window, who looks at pages and presses what is there.
//
// Nothing here knows a sentence: pages are told apart by their forms, fields and links.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import axe from 'axe-core';

const WINDOWS = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 800 } };
const SCHEMES = ['light', 'dark'];
/** The narrowest window on which nobody should have to scroll sideways (WCAG 2.2, 1.4.10). */
const NARROWEST = { width: 320, height: 640 };
/** A mail is shown inside of a mail program's own page, which has the landmarks. */
const NOT_FOR_MAILS = ['landmark-one-main', 'region'];

export class Visitor {
  static async arrive(browser, { server, language, scripts, seen, screenshots }) {
    const visitor = Object.assign(new Visitor(), { server, language, seen, screenshots, faults: [] });
    const locale = { en: 'en-GB', de: 'de-DE' }[language];
    visitor.context = await browser.newContext({ baseURL: server.origin, locale, viewport: WINDOWS.desktop });
    visitor.context.setDefaultTimeout(10_000);
    // No third party hears of a visit (and nothing is waited for that is not there).
    await visitor.context.route((url) => url.origin !== server.origin && /^(https?|wss?):$/.test(url.protocol), (route) => {
      visitor.fault(`a request to ${route.request().url()}`);
      return route.abort();
    });
    visitor.page = await visitor.context.newPage();
    visitor.page.on('response', (response) => {
      const request = response.request();
      if (request.isNavigationRequest() && request.frame() === visitor.page.mainFrame()) visitor.status = response.status();
      else if (response.status() >= 400) visitor.fault(`${request.url()} answers ${response.status()}`);
    });
    visitor.page.on('console', (message) => {
      // Chromium also counts a page's own status as an error.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) visitor.fault(`the console says ${message.text()}`);
    });
    visitor.inspector = await visitor.context.newCDPSession(visitor.page);
    visitor.scripts = scripts;
    await visitor.allowScripts(scripts);
    return visitor;
  }

  async leave() {
    await this.context.close();
  }

  fault(what) {
    if (!this.faults.includes(`${what}`)) this.faults.push(`${what}`);
  }

  async open(path) {
    await this.page.goto(path);
  }

  /** The path of the page, without the language that was chosen on it. */
  get path() {
    return new URL(this.page.url()).pathname;
  }

  /** Does what leads to another page, and waits for that. */
  async go(act) {
    await Promise.all([this.page.waitForEvent('framenavigated', (frame) => frame === this.page.mainFrame()), act()]);
    await this.page.waitForLoadState();
  }

  /** Fills the fields of the form with this action (its own address: none), and presses its button. */
  async send(fields = {}, action) {
    const form = this.page.locator(action ? `form[action*="${action}"]` : 'form[method=post]:not([action])');
    for (const [name, value] of Object.entries(fields)) await form.locator(`[name=${name}]`).fill(value);
    await this.go(() => form.getByRole('button').click());
  }

  /** Follows the link whose address ends so. */
  async follow(end) {
    await this.go(() => this.page.locator(`main a:is([href$="${end}"], [href*="${end}?"])`).click());
  }

  /**
   * Looks at a page: that it is the one that is meant, that it is well made, and how it looks.
   *
   * `forms`: the action of each form (from the page's own address on) with its fields.
   * `links`: ends of addresses that have to be linked to. `says`: facts that have to be read.
   * `hides`: what must not be. `problems`: the fields that were not accepted.
   */
  async see(name, { status = 200, forms = {}, links = [], says = [], hides = [], problems } = {}) {
    let page = await this.page.evaluate(read);
    // Chromium moves the focus with the next frame that it draws.
    for (let tries = 0; problems && page.focus !== 'problems' && tries < 20; tries++) {
      await this.page.waitForTimeout(50);
      page = await this.page.evaluate(read);
    }
    const at = (what) => `${name}: ${what}`;
    this.expect(() => assert.equal(this.status, status, at('status')));
    this.expect(() => assert.equal(page.language, this.language, at('language')));
    this.expect(() => assert.equal(page.headings.length, 1, at('one h1')));
    this.expect(() => assert.ok(page.title.includes(page.headings[0]), at(`the title ${page.title} lacks the heading`)));
    this.expect(() => assert.deepEqual(page.forms, forms, at('forms')));
    for (const end of links) this.expect(() => assert.ok(page.links.some((link) => link.endsWith(end)), at(`no link to ${end}`)));
    for (const fact of says) this.expect(() => assert.ok(page.text.includes(fact), at(`does not say ${fact}`)));
    for (const secret of hides) this.expect(() => assert.ok(!page.text.includes(secret), at(`says ${secret}`)));
    this.expect(() => assert.deepEqual(page.problems, problems ?? null, at('problems')));
    if (problems) this.expect(() => assert.equal(page.focus, 'problems', at('the focus is not at the problems')));
    this.expect(() => assert.ok(!/undefined|\{\s*\$|FSI|\u2068/.test(page.text), at('something was not filled in')));
    // Two states that read the same leave people alone in one of them.
    for (const [other, text] of this.seen) {
      if (other.startsWith(`${this.language}/`)) this.expect(() => assert.notEqual(page.text, text, at(`reads like ${other}`)));
    }
    await this.look(name, page.text);
  }

  /** A field still holds what was typed before. */
  async keeps(name, value) {
    const now = await this.page.locator(`[name=${name}]`).inputValue();
    this.expect(() => assert.equal(now, value, `what was typed as ${name} is lost`));
  }

  expect(assertion) {
    try {
      assertion();
    } catch (error) {
      this.fault(error.message);
    }
  }

  /** Judges and pictures what is in the window, in each of the windows, light and dark. */
  async look(name, text = '', { mail = false, overflow = true } = {}) {
    const key = `${this.language}/${name}`;
    if (this.seen.has(key)) throw new Error(`${key} has been seen before`);
    this.seen.set(key, text);
    for (const [window, size] of Object.entries(WINDOWS)) {
      await this.page.setViewportSize(size);
      for (const colorScheme of SCHEMES) {
        await this.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        // All rules in each window and in each scheme; in the other two of the four, those that the scheme
        // matters to, which is the same in all languages.
        const colours = (window === 'phone') !== (colorScheme === 'light');
        if (!colours || this.language === 'en') for (const fault of await this.judge({ mail, colours })) this.fault(`${name} (${window}, ${colorScheme}): ${fault}`);
        await this.picture(`${name}.${window}.${colorScheme}`);
      }
    }
    await this.page.setViewportSize(NARROWEST);
    const wide = await this.page.evaluate(() => document.documentElement.scrollWidth);
    if (overflow && wide > NARROWEST.width) this.fault(`${name}: is ${wide} wide in a window of ${NARROWEST.width}`);
    await this.page.setViewportSize(WINDOWS.desktop);
  }

  async picture(name) {
    if (!this.screenshots) return;
    const path = join(this.screenshots, this.language, `${name}.png`);
    await mkdir(dirname(path), { recursive: true });
    await this.page.screenshot({ path, fullPage: true, animations: 'disabled' });
  }

  async allowScripts(value) {
    await this.inspector.send('Emulation.setScriptExecutionDisabled', { value: !value });
  }

  /** What axe-core has against the page, by its rules of every level, or by those of `colours` alone. */
  async judge({ mail, colours }) {
    // axe needs timers, which are scripts to Chromium. The page has come and stays without.
    await this.allowScripts(true);
    if (!(await this.page.evaluate(() => 'axe' in window))) await this.page.evaluate(axe.source);
    const found = await this.page.evaluate(async ([exempt, colours]) => {
      const applies = ({ ruleId, tags }) => !tags.includes('deprecated') && !exempt.includes(ruleId) && (!colours || tags.includes('cat.color'));
      const rules = axe.getRules().filter(applies);
      const runOnly = { type: 'rule', values: rules.map(({ ruleId }) => ruleId) };
      const { violations } = await axe.run(document, { runOnly, resultTypes: ['violations'], iframes: false });
      return violations.map(({ id, help, nodes }) => `${id} (${help}): ${nodes.map((node) => `${node.html} ${node.failureSummary}`).join('; ')}`);
    }, [mail ? NOT_FOR_MAILS : [], colours]);
    await this.allowScripts(this.scripts);
    return found;
  }
}

/** Runs in the page. */
function read() {
  const all = (selector, of = document) => [...of.querySelectorAll(selector)];
  const path = (address) => new URL(address, location.href).pathname;
  const problems = document.querySelector('.problems');
  return {
    language: document.documentElement.lang,
    title: document.title,
    headings: all('h1').map((heading) => heading.innerText),
    text: document.querySelector('main').innerText,
    links: all('main a[href]').map((link) => path(link.href)),
    forms: Object.fromEntries(
      all('form[method=post]').map((form) => {
        const action = path(form.action);
        const own = action.startsWith(location.pathname) && location.pathname !== '/';
        return [own ? action.slice(location.pathname.length) : action, all('input:not([type=hidden])', form).map((input) => input.name)];
      }),
    ),
    problems: problems && all('li', problems).map((problem) => problem.querySelector('a')?.hash.slice(1) ?? ''),
    focus: document.activeElement?.className,
  };
}
