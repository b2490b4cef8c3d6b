/**
 * A real browser against a running Counterwatch. COUNTERWATCH_URL is its one-time sign-in link; the link is spent here.
 * CHROMIUM names the browser (default /usr/bin/chromium), EVENT_WAIT the seconds to wait for a counter absence (default 120).
 * Pictures of the pages are left in test-results/.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';

const link = process.env.COUNTERWATCH_URL;
const eventWait = Number(process.env.EVENT_WAIT ?? 120) * 1000;
const shots = new URL('../test-results/', import.meta.url).pathname;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What the browser may complain about: a snapshot whose bytes are still on their way, a node that has no picture yet. */
const expected = [/\/api\/v1\/snapshots\/.* 404/, /\/api\/v1\/cameras\/[^/]+\/tile .* 50[34]/];
const complaints = [];

let browser, context, page;

before(async () => {
  assert.ok(link, 'COUNTERWATCH_URL is not set: give the one-time sign-in link that the demo prints');
  mkdirSync(shots, { recursive: true });
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync'.split(
      ' ',
    ),
  });
  context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    colorScheme: 'light',
    ignoreHTTPSErrors: true, // the centre's certificate is its own
  });
  page = await context.newPage();
  page.on('pageerror', (e) => complaints.push(`exception: ${e.message}`));
  page.on('console', (m) => {
    const text = `${m.location().url} ${m.text()}`;
    if (m.type() === 'error' && !expected.some((e) => e.test(text))) complaints.push(text);
  });
});
after(() => browser?.close());

const shoot = (name) => page.screenshot({ path: `${shots}${name}.png` });

/** No serious accessibility violation by WCAG 2.2 AA. */
async function accessible(where) {
  await page.evaluate(axe);
  const found = await page.evaluate(() =>
    globalThis.axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }),
  );
  const serious = found.violations.filter((v) => v.impact === 'serious' || v.impact === 'critical');
  const said = serious.map(
    (v) => `${v.id}: ${v.help}\n  ${v.nodes.map((n) => `${n.html}\n  ${n.failureSummary}`).join('\n  ')}`,
  );
  assert.deepEqual(said, [], `${where} has serious accessibility violations`);
}

test('the page of a running Counterwatch', async (t) => {
  await t.test('signs in by the one-time link, which leaves the address bar', async () => {
    await page.goto(link);
    await page.locator('[data-camera]').first().waitFor({ timeout: 30_000 });
    assert.equal(new URL(page.url()).pathname + new URL(page.url()).search, '/');
    assert.equal(await page.evaluate(() => document.documentElement.lang), 'vi');
  });

  await t.test('shows a picture of a camera that moves on', async () => {
    const canvas = page.locator('[data-camera] canvas[data-time]').first();
    await canvas.waitFor({ timeout: 60_000 });
    const first = await canvas.getAttribute('data-time');
    await page.waitForFunction(
      (time) => {
        const c = document.querySelector('[data-camera] canvas[data-time]');
        return c.width > 0 && c.dataset.time !== time;
      },
      first,
      { timeout: 15_000 },
    );
    const grey = await canvas.evaluate((c) => {
      const { data } = c.getContext('2d').getImageData(0, 0, c.width, c.height);
      return data.every((v, i) => i % 4 === 3 || v === data[i % 4]);
    });
    assert.equal(grey, false, 'the picture is of one colour');
  });

  await t.test('shows figures with their coverage', async () => {
    await page.locator('[data-figure=waiting]:not(:text("–"))').waitFor({ timeout: 30_000 });
    assert.match(await page.locator('[data-camera]').first().innerText(), /độ phủ \d+\s%/);
    await shoot('overview');
    await accessible('the overview');
  });

  await t.test('tests the connection of a camera', async () => {
    await page.getByRole('button', { name: 'Kiểm tra kết nối' }).first().click();
    const dialog = page.locator('dialog[open]');
    await dialog.locator('progress').waitFor();
    await page.locator('dialog[open][data-trial=true]').waitFor({ timeout: 40_000 });
    assert.match(await dialog.innerText(), /Camera có hình[^]*H264/);
    await page.waitForFunction(() => document.querySelector('dialog[open] img')?.naturalWidth > 0);
    await shoot('camera-test');
    await accessible('the test of a camera');
    await dialog.getByRole('button', { name: 'Đóng' }).click();
  });

  await t.test('shows how nodes and cameras are', async () => {
    await page.locator('nav a[href="/system"]').click();
    const node = page.locator('[data-node="nodes/demo"]');
    await node.locator('dd').nth(3).waitFor({ timeout: 15_000 });
    assert.match(await node.innerText(), /Bộ nhớ[^]*GiB[^]*CPU[^]*nhân[^]*Đĩa chờ gửi/);
    const camera = page.locator('[data-camera-health]').first();
    assert.match(await camera.innerText(), /H\.264 · \d+×\d+ · .*luồng chính/);
    await camera.locator('summary').click();
    assert.match(await camera.innerText(), /Hình nhận được\s+[1-9]/);
    await shoot('system');
    await accessible('the system page');
    await page.setViewportSize({ width: 390, height: 844 });
    const excess = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    assert.ok(excess <= 0, `the system page is ${excess} px too wide for a telephone`);
    await shoot('system-phone');
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.locator('nav a[href="/"]').click();
  });

  await t.test('opens a counter absence with its snapshot', async () => {
    const absence = page.locator('[data-events] a[data-kind=EVENT_KIND_COUNTER_ABSENT]').first();
    await absence.waitFor({ timeout: eventWait });
    await absence.click();
    await page.locator('[data-event]').waitFor();
    assert.match(new URL(page.url()).pathname, /^\/alerts\/.+/);
    await page.waitForFunction(
      () => [...document.querySelectorAll('[data-event] img')].some((i) => i.complete && i.naturalWidth > 0),
      undefined,
      { timeout: 30_000 },
    );
    assert.match(await page.locator('[data-event]').innerText(), /Tỉ lệ thời gian quan sát được/);
    await shoot('event');
    await accessible('the incident');
  });

  await t.test('opens the same incident from its address', async () => {
    await page.reload();
    await page.locator('[data-event]').waitFor();
  });

  await t.test('speaks English, keeps it, and is dark where the system is', async () => {
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.locator('button[lang=en]').click();
    await page.getByText('Share of time observed').waitFor();
    await page.goto(new URL('/', link).href);
    await page.getByRole('heading', { name: 'Needs attention now' }).waitFor();
    await page.locator('[data-camera] canvas[data-time]').first().waitFor({ timeout: 30_000 });
    assert.equal(await page.evaluate(() => document.documentElement.lang), 'en');
    await shoot('overview-dark-en');
    await accessible('the dark overview');
    await page.locator('button[lang=vi]').click();
  });

  await t.test('fits a telephone', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    const wide = () => document.documentElement.scrollWidth - document.documentElement.clientWidth;
    // Charts follow a change of the window's size a frame later.
    await page.waitForFunction(`(${wide})() <= 0`, undefined, { timeout: 5_000 }).catch(() => {});
    const excess = await page.evaluate(wide);
    assert.ok(excess <= 0, `the page is ${excess} px too wide`);
    await shoot('overview-phone');
    await accessible('the overview on a telephone');
    await page.setViewportSize({ width: 1440, height: 900 });
  });

  await t.test('made the browser complain about nothing', () => assert.deepEqual(complaints, []));

  await t.test('signs out, and the link opens nothing a second time', async () => {
    await page.getByRole('button', { name: /^Đăng xuất/ }).click();
    await page.locator('input[name=password]').waitFor();
    await accessible('the sign-in page');
    await page.goto(link);
    await page.getByText(/đã dùng hoặc đã hết hạn/).waitFor();
    await shoot('sign-in');
  });
});
