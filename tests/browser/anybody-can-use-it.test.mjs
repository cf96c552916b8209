// By keyboard alone, with a screen reader, with large text, without motion: every state without a violation in axe-core.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import en from '../../www/js/i18n/en.js';
import es from '../../www/js/i18n/es.js';
import { startSystem, waitFor } from '../integration/harness.mjs';
import { startBrowser, stopAll } from './browser.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
const ALL_OF_MARKDOWN = '# Uno\n\nTexto con **fuerza**, `código`, [enlace](https://example.org) y ![imagen](https://example.org/i.png).\n\n## Dos\n\n- [x] hecho\n- [ ] por hacer\n\n'
	+ '1. a\n2. b\n\n> cita\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n```js\nconst x = 1; // uno\n```\n\n### Tres\n\nfin.';

let system, browser;
before(async () => {
	system = await startSystem({ env: { AI_API_KEY: 'your_gemini_api_key', AI_MODELS: 'gemini-3.8-pro' } });
	browser = await startBrowser();
});
after(() => stopAll(browser, system));

async function checked(chat, state) {
	await chat.page.evaluate(AXE);
	const found = await chat.page.evaluate((rules) => window.axe.run({ runOnly: rules }), RULES);
	assert.deepEqual(found.violations.map((v) => `${state}: ${v.id}: ${v.nodes.map((n) => n.html.slice(0, 120)).join(' | ')}`), []);
	await chat.shot(`axe-${state}`);
}

for (const [colorScheme, locale, words] of [['light', 'en-GB', en], ['dark', 'es-ES', es]])
	for (const [device, options] of [['desktop', {}], ['phone', PHONE]])
		test(`no violation in any state: ${colorScheme}, ${locale}, ${device}`, async () => {
			const chat = await browser.open(system.url, { colorScheme, locale, ...options });
			const { page } = chat;
			chat.expect(/INTERNET_DISCONNECTED|WebSocket connection to|status of 500/);
			const state = (name) => checked(chat, `${name}-${colorScheme}-${device}`);
			await chat.state('live');
			await state('empty');
			await system.standin.queue([{ delay: 200, chunk: 20 }, { echo: true }, { block: 'SAFETY' }, { status: 400 }]);
			await chat.send('hola');
			await chat.grown(60);
			await state('streaming');
			await page.keyboard.press('Escape');
			await page.getByText(words.st_stopped).waitFor();
			await chat.ended();
			await state('stopped');
			await chat.send(ALL_OF_MARKDOWN);
			await chat.ended(2);
			await page.waitForSelector('.hljs-keyword');
			await state('answer');
			await chat.send('no');
			await chat.ended(3);
			await state('blocked');
			await chat.send('no');
			await chat.ended(4);
			await state('failed');
			await system.standin.queue([{ bytes: 60 }]);
			await page.getByRole('button', { name: words.ask_again }).click();
			await page.waitForSelector('.msg.a:last-child .versions');
			await chat.ended(4);
			await state('versions');
			await page.locator('.msg.u [data-act=edit]').first().click();
			await state('edit');
			await page.keyboard.press('Escape');
			if (device === 'phone') {
				await page.click('#menu');
				await state('drawer');
			}
			await page.locator('#chats li').first().hover();
			await page.locator('#chats .rowmenu').first().click();
			await state('menu');
			await page.keyboard.press('Escape');
			await page.fill('#search', 'hola');
			await page.waitForSelector('.found');
			await state('search');
			await page.fill('#search', '');
			if (device === 'phone')
				await page.keyboard.press('Escape');
			await page.click('#settings');
			await page.waitForSelector('dialog[open]');
			await page.waitForFunction(() => document.querySelector('dialog .row .quiet')?.textContent.match(/^(Today|Hoy)/));
			await state('settings');
			await page.keyboard.press('Escape');
			await page.click('#people');
			await page.getByRole('button', { name: words.make_link }).click();
			await page.waitForSelector('dialog .url');
			await state('people');
			await page.keyboard.press('Escape');
			await page.locator('#title').click();
			await page.keyboard.press('?');
			await page.waitForSelector('dialog .keylist');
			await state('keys');
			await page.keyboard.press('Escape');
			await page.context().setOffline(true);
			await chat.state('offline');
			await chat.send('later');
			await page.waitForSelector('.msg.u[data-status=waiting]');
			await state('offline');
			await page.context().setOffline(false);
			await page.goto(`${system.url}/#c=c-none`);
			await page.waitForSelector('#card:not([hidden])');
			await state('gone');
			await page.goto(`${system.url}/#join=nobody`);
			await page.waitForSelector('dialog[open]');
			await state('invitation');
		});

test('by keyboard alone: a new chat, sent, stopped, copied, named, deleted, brought back', async () => {
	const chat = await browser.open(system.url);
	const { page } = chat;
	const press = async (...keys) => { for (const key of keys) await page.keyboard.press(key); };
	const focused = () => page.evaluate(() => { const el = document.activeElement; return el.getAttribute('aria-label') || el.innerText || el.id; });
	const tabTo = async (name, key = 'Tab') => {
		for (let i = 0; i < 60; i++) {
			if ((await focused()).trim() === name)
				return;
			await press(key);
		}
		assert.fail(`${name} cannot be reached; the focus is on ${await focused()}`);
	};
	const type = (text) => page.keyboard.insertText(text);
	assert.equal(await page.evaluate(() => document.activeElement.id), 'input');
	await system.standin.queue([{ bytes: 9000, delay: 150 }, { echo: true }]);
	await type('primera');
	await press('Enter');
	await chat.grown(200);
	const stopped = Date.now();
	await press('Escape');
	await page.getByText('Answer stopped.').waitFor();
	assert.ok(Date.now() - stopped < 3000);
	assert.equal(await page.evaluate(() => document.activeElement.id), 'input', 'the focus stays in the box');
	await chat.ended();
	// up: the last message is edited, Enter sends it
	await press('ArrowUp');
	await press('Control+A');
	await type('segunda');
	await press('Enter');
	await page.waitForFunction(() => document.querySelector('.msg.u .body')?.textContent === 'segunda');
	await chat.ended();
	await page.focus('#input');
	await tabTo('Copy', 'Shift+Tab');
	await press('Enter');
	assert.equal(await page.evaluate(() => navigator.clipboard.readText()), (await chat.lastStored()).content);
	// search, then the row's menu
	await press('Control+k');
	assert.equal(await page.evaluate(() => document.activeElement.id), 'search');
	await tabTo('What to do with this chat');
	await press('Enter');
	assert.equal((await focused()).trim(), 'Rename');
	await press('Escape');
	assert.equal((await focused()).trim(), 'What to do with this chat', 'a closed menu gives the focus back');
	await press('Enter', 'Enter', 'Control+A');
	await type('Por teclado');
	await press('Enter');
	await page.waitForFunction(() => document.querySelector('#title').textContent === 'Por teclado');
	await tabTo('What to do with this chat');
	await press('Enter', 'ArrowUp');
	assert.equal((await focused()).trim(), 'Delete');
	await press('Enter');
	await page.getByText('Chat deleted.').waitFor();
	await tabTo('Undo');
	await press('Enter');
	await page.waitForFunction(() => document.querySelector('#chats a')?.textContent === 'Por teclado');
	await chat.ended();
	// a dialog gives the focus back
	await tabTo('Settings');
	await press('Enter');
	await page.waitForSelector('dialog[open]');
	await press('Escape');
	assert.equal((await focused()).trim(), 'Settings');
	await press('Control+Shift+O');
	await page.waitForSelector('#empty:not([hidden])');
	assert.equal(await page.evaluate(() => document.activeElement.id), 'input');
});

test('what a screen reader is told: that the AI answers, that it has answered, and no more', async () => {
	const chat = await browser.open(system.url, { locale: 'es-ES' });
	await chat.page.evaluate(() => {
		window.told = [];
		new MutationObserver(() => window.told.push(document.querySelector('#live').textContent)).observe(document.querySelector('#live'), { childList: true, characterData: true, subtree: true });
	});
	await chat.send('[[bytes=2000,delay=20]] hola');
	await chat.grown(100);
	assert.equal(await chat.page.getAttribute('.md', 'aria-busy'), 'true');
	assert.equal(await chat.page.locator('.msg [aria-live]:not([aria-live=off])').count(), 0);
	await chat.ended();
	assert.deepEqual(await chat.page.evaluate(() => window.told), ['La IA está respondiendo', 'Respuesta completa']);
});

test('320 pixels wide and at twice the size nothing is cut off sideways', async () => {
	const chat = await browser.open(system.url, { viewport: { width: 320, height: 640 } });
	await chat.send(`${ALL_OF_MARKDOWN}\n\n| ${'columna | '.repeat(12)}\n|${'---|'.repeat(12)}\n| ${'x | '.repeat(12)}\n\n[[echo]] ${'sinespacios'.repeat(30)}`);
	await chat.ended();
	const wide = () => chat.page.evaluate(() => document.documentElement.scrollWidth - innerWidth || document.querySelector('#scroll').scrollWidth - document.querySelector('#scroll').clientWidth);
	assert.equal(await wide(), 0);
	await chat.shot('narrow');
	await chat.page.click('#settings');
	await chat.page.waitForSelector('dialog[open]');
	assert.equal(await chat.page.evaluate(() => document.querySelector('dialog').scrollWidth - document.querySelector('dialog').clientWidth), 0);
});

test('without motion nothing moves; with forced colours the focus is seen', async () => {
	const chat = await browser.open(system.url, { reducedMotion: 'reduce', forcedColors: 'active' });
	await system.standin.queue([{ delay: 200, chunk: 20 }]);
	await chat.send('hola');
	await chat.grown(20);
	assert.equal(await chat.page.evaluate(() => document.getAnimations().length), 0);
	await chat.page.focus('#settings');
	assert.notEqual(await chat.page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), 'none');
	await chat.shot('forced-colours');
	await waitFor(async () => (await chat.lastStored())?.status === 'complete');
});

test('the drawer of a phone: the focus goes in, stays, and comes back', async () => {
	const chat = await browser.open(system.url, PHONE);
	const { page } = chat;
	const focused = () => page.evaluate(() => document.activeElement.id);
	const opened = async () => { await page.focus('#menu'); await page.keyboard.press('Enter'); await page.waitForSelector('#side.open'); };
	await opened();
	assert.equal(await focused(), 'new');
	for (let i = 0; i < 12; i++) {
		await page.keyboard.press('Tab');
		assert.ok(await page.evaluate(() => Boolean(document.activeElement.closest('#side'))), await focused());
	}
	await page.keyboard.press('Escape');
	await page.waitForSelector('#side:not(.open)');
	assert.equal(await focused(), 'menu');
	for (const way of ['#close', '#shade']) {
		await opened();
		await page.click(way, way === '#shade' ? { position: { x: 370, y: 400 } } : {});
		await page.waitForSelector('#side:not(.open)');
		assert.equal(await focused(), 'menu');
	}
});
