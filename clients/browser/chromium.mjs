// The browser that everything here is looked at with.

import { chromium } from 'playwright-core';

/** Root has no sandbox. The rest keeps Chromium from asking its maker for news. */
const ARGUMENTS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

export function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ARGUMENTS });
}
