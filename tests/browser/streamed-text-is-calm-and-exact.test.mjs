// Text that comes in pieces ends as what it would be at once, and while it grows nobody loses a selection, a place or a word.
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

const PARTS = [
	'# Título\n\n', 'Título\n===\n\n', 'texto\n- no es un título\n\n', 'Un párrafo con **fuerza**, *énfasis*, `código` y ~~borrado~~.\n\n', 'dos líneas\nde un párrafo  \ncon salto\n\n',
	'- uno\n- dos\n  - dentro\n  - [x] hecho\n- [ ] por hacer\n\n', '1. a\n\n2. b suelto\n\n   con párrafo\n\n3. c\n\n', '7. empieza en siete\n8. sigue\n\n', '* a\n\n+ otra lista\n\n', '> cita\nperezosa\n> > dentro\n\n',
	'```js\nconst x = `a`;\n\n\n// fin\n```\n\n', '~~~\nsin nombre\n```\nno acaba aquí\n~~~\n\n', '    código sangrado\n    más\n\n', '````md\n```js\n1\n```\n````\n\n', '| a | b | c |\n|:--|:-:|--:|\n| 1 | **2** | `3|` |\n| \\| | | |\n\n',
	'---\n\n', '[enlace](https://example.org/a_(b) "título") y <https://example.org> y https://example.org/x?y=1&z=2.\n\n', '[por nombre][uno] y [uno].\n\n[uno]: https://example.org/uno "t"\n\n', '![imagen](https://example.org/i.png)\n\n',
	'<b>no</b> es <br> HTML &amp; &copy; &#169; &lt;i&gt;\n\n', '🙂👩‍👩‍👧 ñandú e\u0301 \u202eabc\u202c \u0000\n\n', '**sin cerrar\n\n', '`sin cerrar\n\n', '[sin cerrar](http\n\n', '```\nsin cerrar\n', '***\n\n', '\\*escapado\\* \\# \\`\n\n', 'a*b*c _d_ __e__ ***f***\n\n',
	'1) paréntesis\n2) dos\n\n', '### Tres\n#### Cuatro\n## Dos\n\n', 'fin.\n', '\n\n\n', '\t\n', '- \n- x\n\n', '>\n', '|\n', '#\n\n',
];

/** In the page: every document in pieces of each size, its end compared with the same at once. Returns what differs. */
function streamed({ documents, sizes }) {
	return import('/js/md.js').then(({ StreamMarkdown }) => {
		const differ = [];
		let cases = 0;
		const make = () => { const el = document.createElement('div'); return { el, md: new StreamMarkdown(el) }; };
		const html = (el) => el.innerHTML;
		for (const text of documents) {
			const whole = make();
			whole.md.append(text);
			whole.md.render(true);
			for (const size of sizes) {
				cases++;
				const parts = make();
				for (let i = 0, n = 0; i < text.length; i += n) {
					n = size > 0 ? size : 1 + ((i * 7919) % 40);
					if (/[\ud800-\udbff]/.test(text[i + n - 1] ?? ''))
						n++;
					parts.md.append(text.slice(i, i + n));
					parts.md.render();
					if (/<(script|img|iframe|form|style|link)\b/i.test(html(parts.el)))
						differ.push({ text, size, at: i, html: html(parts.el) });
				}
				parts.md.render(true);
				if (html(parts.el) !== html(whole.el))
					differ.push({ text, size, is: html(parts.el), shouldBe: html(whole.el) });
			}
		}
		return { cases, differ: differ.slice(0, 3) };
	});
}

test('in pieces of any size it ends as it would at once: 600 documents', { timeout: 120_000 }, async () => {
	let seed = 20261124;
	const random = (n) => { seed = (seed * 1103515245 + 12345) & 0x7fffffff; return seed % n; };
	const mixes = Array.from({ length: 170 }, () => Array.from({ length: 2 + random(7) }, () => PARTS[random(PARTS.length)]).join(''));
	const chat = await browser.open(system.url);
	const { cases, differ } = await chat.page.evaluate(streamed, { documents: [...PARTS, ...mixes, PARTS.join('')], sizes: [0, 3, 17] });
	assert.ok(cases >= 600, `${cases}`);
	assert.deepEqual(differ, []);
});

test('what it says is what marked says', async () => {
	const chat = await browser.open(system.url, { bypassCSP: true });
	const differ = await chat.page.evaluate(async (documents) => {
		const [{ StreamMarkdown }, { Marked }] = await Promise.all([import('/js/md.js'), import('/vendor/marked.esm.js')]);
		const words = (el) => { for (const x of el.querySelectorAll('figcaption')) x.remove(); return el.textContent.replace(/\s+/g, ''); };
		return documents.flatMap((text) => {
			const el = document.createElement('div');
			const md = new StreamMarkdown(el);
			md.append(text);
			md.render(true);
			const theirs = new DOMParser().parseFromString(new Marked({ gfm: true }).parse(text), 'text/html').body;
			return words(el) === words(theirs) ? [] : [{ text, ours: words(el), theirs: words(theirs) }];
		});
	}, PARTS.filter((part) => !/<b>|!\[|\u0000|^\[sin/.test(part)));
	assert.deepEqual(differ, []);
});

const LONG = '[[bytes=9000,delay=25,chunk=40]] long';
const top = (page) => page.$eval('#scroll', (el) => el.scrollTop);
const fromEnd = (page) => page.$eval('#scroll', (el) => el.scrollHeight - el.scrollTop - el.clientHeight);

test('what is selected stays selected while more comes', async () => {
	const chat = await browser.open(system.url);
	await system.standin.queue([{ echo: true, delay: 25, chunk: 24 }]);
	await chat.send(`El primer párrafo, que se selecciona.\n\n${'Y otro que viene después.\n\n'.repeat(60)}`);
	await chat.grown(150);
	await chat.page.evaluate(() => getSelection().selectAllChildren(document.querySelector('.msg.a .md').firstElementChild));
	await chat.grown(500);
	assert.equal(await chat.page.evaluate(() => String(getSelection()).trim()), 'El primer párrafo, que se selecciona.');
	await chat.page.keyboard.press('Escape');
	await chat.ended();
});

test('who scrolls up is left where he is; the button leads back, and then the end is followed again', async () => {
	const chat = await browser.open(system.url);
	const { page } = chat;
	await chat.send(LONG);
	await chat.grown(2500);
	assert.ok(await fromEnd(page) < 40);
	await page.hover('#scroll');
	await page.mouse.wheel(0, -400);
	await page.waitForSelector('#down:not([hidden])');
	await page.waitForFunction(() => new Promise((done) => { const at = document.querySelector('#scroll').scrollTop; requestAnimationFrame(() => requestAnimationFrame(() => done(at === document.querySelector('#scroll').scrollTop))); }));
	const before = await top(page), { length } = (await chat.shown()).at(-1).text;
	await chat.grown(length + 1000);
	assert.equal(await top(page), before);
	await page.click('#down');
	await page.waitForSelector('#down', { state: 'hidden' });
	assert.ok(await fromEnd(page) < 40);
	await chat.grown(length + 2000);
	assert.ok(await fromEnd(page) < 40);
	await page.keyboard.press('Escape');
	await chat.ended();
});

/** How many characters each frame adds. */
const steps = (page) => page.evaluate(() => new Promise((done) => {
	const sizes = [];
	let last = 0;
	const look = () => {
		const answer = document.querySelector('.msg.a');
		const now = answer?.querySelector('.md').textContent.length ?? 0;
		if (now > last)
			sizes.push(now - last);
		last = now;
		if (answer?.dataset.status === 'complete' && !document.querySelector('.md[aria-busy]'))
			done(sizes);
		else
			requestAnimationFrame(look);
	};
	look();
}));

test('text that arrives in lumps is shown evenly; without motion it is shown as it comes', async () => {
	const lumps = { echo: true, chunk: 170, delay: 200 };
	const text = 'palabra tras palabra, '.repeat(80);
	const measured = async (options) => {
		const chat = await browser.open(system.url, options);
		await chat.state('live');
		await system.standin.queue([lumps]);
		await chat.send(text);
		return steps(chat.page);
	};
	const even = (await measured({})).sort((a, b) => a - b);
	// a busy machine has longer frames, each with its share: then the median speaks
	assert.ok(even.length >= 25, `${even}`);
	assert.ok(even[even.length >> 1] <= 60, `${even}`);
	const calm = await measured({ reducedMotion: 'reduce' });
	assert.ok(calm.length <= 2 * Math.ceil(text.length / 170), `${calm}`);
});

test('dots before the first word, a caret while it grows, and neither after', async () => {
	const chat = await browser.open(system.url);
	await system.standin.queue([{ first: 600, bytes: 1500, delay: 30, chunk: 40 }]);
	await chat.send('hola');
	await chat.page.waitForSelector('.msg.a .dots');
	await chat.grown(100);
	assert.equal(await chat.page.locator('.msg.a .dots').count(), 0);
	await chat.ended();
	assert.equal(await chat.page.locator('.msg.a .dots, .md[aria-busy]').count(), 0);
});

test('a tab out of sight receives all of it, and its title says that there is news', async () => {
	const chat = await browser.open(system.url, { before: (page) => page.addInitScript(() => {
		window.hide = () => {
			window.requestAnimationFrame = () => 0;
			Object.defineProperty(Document.prototype, 'hidden', { get: () => true, configurable: true });
			document.dispatchEvent(new Event('visibilitychange'));
		};
	}) });
	await chat.state('live');
	await chat.page.evaluate(() => window.hide());
	await chat.send('[[bytes=4000,delay=10,chunk=80]] long');
	const stored = async () => (chat.id?.startsWith('c-') ? chat.lastStored() : null);
	await chat.page.waitForFunction(() => document.title.startsWith('(1) '), null, { polling: 100 });
	assert.equal((await stored()).status, 'complete');
	await chat.page.waitForFunction(() => document.querySelector('.msg.a[data-status=complete]') && !document.querySelector('.md[aria-busy]'), null, { polling: 100 });
	assert.equal(await chat.copied(), (await stored()).content);
});

test('code is copied as it stands in the source', async () => {
	const chat = await browser.open(system.url);
	const code = 'if (a < b && c) {\n\n\treturn "<b>&amp;</b>";   // ñ\n}';
	await system.standin.queue([{ echo: true }]);
	await chat.send(`antes\n\n\`\`\`js\n${code}\n\`\`\`\n\ndespués`);
	await chat.ended();
	await chat.page.waitForSelector('.hljs-keyword');
	await chat.page.click('figure .copy');
	await chat.page.waitForSelector('figure .copy[data-t=copied]');
	assert.equal(await chat.page.evaluate(() => navigator.clipboard.readText()), code);
});

test('another answer replaces only the last one; a question said anew takes away what came after it', async () => {
	const chat = await browser.open(system.url);
	await system.standin.default({ echo: true });
	for (const [i, text] of ['uno', 'dos', 'tres'].entries()) {
		await chat.send(text);
		await chat.ended(i + 1);
	}
	const { messages } = await chat.stored();
	await system.standin.queue([{ bytes: 40 }]);
	await chat.page.locator('.msg.a').last().locator('[data-act=again]').click();
	await chat.page.waitForSelector('.msg.a:last-child .versions');
	await chat.ended(3);
	const ids = () => chat.page.$$eval('.msg', (all) => all.map((li) => li.dataset.id));
	assert.deepEqual((await ids()).slice(0, 5), messages.slice(0, 5).map((m) => m.id));
	assert.notEqual((await ids())[5], messages[5].id);
	await chat.page.locator('.msg.u').nth(1).hover();
	await chat.page.locator('.msg.u').nth(1).locator('[data-act=edit]').click();
	await chat.page.fill('.edit textarea', 'dos, pero mejor');
	await chat.page.press('.edit textarea', 'Enter');
	await chat.page.waitForFunction(() => document.querySelectorAll('.msg').length === 4);
	await chat.ended(2);
	assert.deepEqual((await chat.shown()).map((m) => m.text), ['uno', 'uno', 'dos, pero mejor', 'dos, pero mejor']);
});
