// Text from right to left, a page on paper, a browser that keeps nothing or runs nothing: it can be read all the same.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startSystem } from '../integration/harness.mjs';
import { startBrowser, stopAll } from './browser.mjs';

let system, browser;
before(async () => {
	system = await startSystem();
	browser = await startBrowser();
});
after(() => stopAll(browser, system));

const ARABIC = 'مرحبا بك\n\n- عنصر\n\n100. أول\n\n> اقتباس\n\n```\nf(1);\n```\n\n| اسم | قيمة |\n|---|--:|\n| أ | 1 |\n\nنص مع `f(x);` هنا.\n\nEn español, al final.';

async function echoed(text, options) {
	const chat = await browser.open(system.url, options);
	await chat.state('live');
	await system.standin.queue([{ echo: true }]);
	await chat.send(text);
	await chat.ended();
	return chat;
}

test('an Arabic answer: lists, quotes and tables from the right, code from the left, each paragraph in its own direction', async () => {
	const { page } = await echoed(ARABIC);
	const found = await page.$eval('.msg.a .md', (md) => {
		const style = (selector) => getComputedStyle(md.querySelector(selector));
		/** The place of one character on the line. */
		const x = (el, i) => { const r = document.createRange(); const node = document.createTreeWalker(el, NodeFilter.SHOW_TEXT).nextNode(); r.setStart(node, i); r.setEnd(node, i + 1); return r.getBoundingClientRect().left; };
		const last = md.querySelector(':scope > p:last-child'), code = md.querySelector('p code');
		return {
			direction: getComputedStyle(md).direction, list: [style('ul').paddingRight !== '0px', style('ul').paddingLeft], quote: [style('blockquote').borderRightWidth, style('blockquote').borderLeftWidth],
			cell: style('td').textAlign, pre: style('pre').direction, semicolon: x(code, 4) > x(code, 0), left: x(last, 0) - md.getBoundingClientRect().left < 5, dot: x(last, last.textContent.length - 1) > x(last, 0),
		};
	});
	assert.deepEqual(found, { direction: 'rtl', list: [true, '0px'], quote: ['3px', '0px'], cell: 'start', pre: 'ltr', semicolon: true, left: true, dot: true });
});

test('what one writes goes from its own side, too', async () => {
	const { page } = await browser.open(system.url);
	await page.fill('#input', 'مرحبا');
	assert.equal(await page.$eval('#input', (el) => getComputedStyle(el).direction), 'rtl');
});

test('the page never scrolls as a whole, on no device', async () => {
	for (const viewport of [{ width: 1280, height: 800 }, { width: 375, height: 667 }]) {
		const { page } = await echoed('párrafo\n\n'.repeat(60), { viewport });
		assert.deepEqual(await page.evaluate(() => {
			document.documentElement.scrollTop = 999;
			return [document.documentElement.scrollTop, document.documentElement.scrollHeight - innerHeight];
		}), [0, 0]);
		await page.close();
	}
});

test('on paper: dark ink, all of it, nothing that cannot be pressed there', async () => {
	const { page } = await echoed(`${'párrafo\n\n'.repeat(100)}\n\n\`\`\`\n${'largo '.repeat(80)}\n\`\`\``, { colorScheme: 'dark' });
	const ink = () => page.evaluate(() => getComputedStyle(document.body).color.match(/\d+/g).reduce((sum, n) => sum + Number(n), 0));
	assert.ok(await ink() > 400);
	await page.emulateMedia({ media: 'print' });
	assert.ok(await ink() < 200);
	assert.ok(await page.$eval('.code pre', (pre) => pre.scrollWidth <= pre.clientWidth));
	const pdf = (await page.pdf()).toString('latin1');
	assert.ok(pdf.match(/\/Type\s*\/Page\b/g).length >= 3);
});

test('without JavaScript the page says so, and shows nothing that does not work', async () => {
	const context = await browser.chromium.newContext({ javaScriptEnabled: false, viewport: { width: 375, height: 667 } });
	const page = await context.newPage();
	await page.goto(system.url);
	const { y, height } = await page.getByText(/needs JavaScript.*necesita JavaScript/).boundingBox();
	assert.ok(y >= 0 && y + height < 667);
	assert.equal(await page.locator('#form').isVisible(), false);
	await context.close();
});

test('without storage: sent, answered, and the theme changes', async () => {
	const chat = await browser.open(system.url, { before: (page) => page.addInitScript(() => {
		for (const name of ['localStorage', 'sessionStorage'])
			Object.defineProperty(window, name, { get() { throw new DOMException('forbidden', 'SecurityError'); } });
	}) });
	const theme = () => chat.page.getAttribute('html', 'data-theme');
	assert.equal(await theme(), 'light');
	await chat.page.click('#theme');
	assert.equal(await theme(), 'dark');
	await chat.page.click('#theme');
	assert.equal(await theme(), 'light');
	await chat.send('[[echo]] uno');
	await chat.ended();
	await chat.send('[[echo]] dos');
	await chat.ended(2);
	assert.deepEqual((await chat.shown()).map((m) => m.text), ['uno', 'uno', 'dos', 'dos'].map((w, i) => (i % 2 ? w : `[[echo]] ${w}`)));
});

test('a list that begins with nought begins with nought', async () => {
	const { page } = await echoed('0. cero\n1. uno');
	assert.equal(await page.getAttribute('.md ol', 'start'), '0');
});

test('versions by keyboard: the focus goes along, also where the branch must be fetched; code above keeps its colours', async () => {
	const chat = await echoed('```js\nconst a = 1;\n```');
	const { page } = chat;
	await system.standin.queue([{ echo: true }, { bytes: 60 }]);
	await chat.send('segunda');
	await chat.ended(2);
	await page.locator('.msg.a [data-act=again]').last().click();
	await page.waitForSelector('.msg.a:last-child .versions');
	await chat.ended(2);
	await chat.reload();
	await page.waitForSelector('.hljs-keyword');
	await chat.ended(2);
	const focused = () => page.evaluate(() => document.activeElement.dataset.ta);
	await page.focus('.versions [data-ta=version_before]');
	await page.keyboard.press('Enter');
	await page.waitForFunction(() => document.querySelector('.versions .count')?.textContent === '1/2');
	await page.waitForFunction(() => document.activeElement.dataset.ta === 'version_after');
	await page.keyboard.press('Enter');
	await page.waitForFunction(() => document.querySelector('.versions .count')?.textContent === '2/2');
	await page.waitForFunction(() => document.activeElement.dataset.ta === 'version_before');
	assert.equal(await focused(), 'version_before');
	await page.evaluate(() => new Promise((done) => requestIdleCallback(() => setTimeout(done, 100), { timeout: 500 })));
	assert.equal(await page.innerText('.hljs-keyword'), 'const');
});
