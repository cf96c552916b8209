// What the server refuses or fails to give: the page says it where one looks, does not call it "no server", and goes on.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import en from '../../www/js/i18n/en.js';
import es from '../../www/js/i18n/es.js';
import { startSystem } from '../integration/harness.mjs';
import { startBrowser, stopAll } from './browser.mjs';

let system, browser;
before(async () => {
	system = await startSystem();
	browser = await startBrowser();
});
after(() => stopAll(browser, system));

const refuse = (status, code) => (route) => route.fulfill({ status, contentType: 'application/problem+json', body: JSON.stringify({ code, detail: 'of the server' }) });

async function answered(options) {
	const chat = await browser.open(system.url, options);
	chat.expect(/status of [45]|ERR_FAILED/);
	await chat.state('live');
	await chat.send('[[echo]] hola');
	await chat.ended();
	return chat;
}

test('a server whose disk is full has answered: the pill stays, no banner comes', async () => {
	const chat = await answered();
	const { page } = chat;
	await page.route('**/api/send-message', refuse(507, 'storage_full'));
	await page.evaluate(() => {
		window.states = [];
		new MutationObserver(() => window.states.push(document.querySelector('#conn').dataset.s)).observe(document.querySelector('#conn'), { attributeFilter: ['data-s'] });
	});
	await chat.send('no cabe');
	await page.locator('.sendnote', { hasText: en.err_storage_full }).waitFor();
	assert.deepEqual(await page.evaluate(() => window.states), []);
});

test('a list of chats that failed once is asked for again, and the pill is right again', async () => {
	const { page: mine } = await answered();
	let asked = 0;
	const again = await mine.context().newPage();
	await again.route('**/api/chats', (route) => (asked++ === 0 ? route.abort() : route.continue()));
	await again.goto(system.url);
	await again.waitForSelector('#conn[data-s=down]');
	await again.waitForSelector('#conn[data-s=live]');
	await again.getByRole('link', { name: 'hola' }).waitFor();
});

test('a search or a list of people that fails is not "nothing"', async () => {
	const { page } = await answered({ locale: 'es-ES' });
	await page.route('**/api/search**', refuse(500, 'internal'));
	await page.fill('#search', 'qqqq');
	await page.locator('#nochats', { hasText: es.err_500 }).waitFor();
	await page.unroute('**/api/search**');
	await page.fill('#search', 'qqqqq');
	await page.locator('#nochats', { hasText: es.nothing_found }).waitFor();
	await page.route('**/api/chats/c-*', refuse(500, 'internal'));
	await page.click('#people');
	await page.locator('dialog', { hasText: es.err_500 }).waitFor();
});

test('what is told while a dialog is open is told in it, and still told when it closes', async () => {
	const { page } = await answered({ locale: 'es-ES' });
	await page.route('**/share', refuse(429, 'rate_limited'));
	await page.click('#people');
	await page.getByRole('button', { name: es.make_link }).click();
	await page.locator('dialog .toast', { hasText: es.err_429 }).waitFor();
	await page.keyboard.press('Escape');
	await page.locator('body > .toasts .toast', { hasText: es.err_429 }).waitFor();
});

test('a new chat that was refused and discarded leaves nothing behind, but what is being written', async () => {
	const chat = await browser.open(system.url);
	const { page } = chat;
	chat.expect(/status of 403/);
	await page.route('**/api/chats', (route) => (route.request().method() === 'POST' ? refuse(403, 'forbidden')(route) : route.continue()));
	await chat.send('nunca');
	await page.locator('.sendnote', { hasText: en.err_403 }).waitFor();
	await page.fill('#input', 'otra cosa');
	await page.getByRole('button', { name: en.discard }).click();
	await page.waitForSelector('#empty:not([hidden])');
	assert.equal(await page.locator('#chats li').count(), 0);
	assert.equal(await page.innerText('#title'), en.new_chat);
	assert.equal(new URL(page.url()).hash, '');
	assert.equal(await page.inputValue('#input'), 'otra cosa');
	await page.unroute('**/api/chats');
	await page.press('#input', 'Enter');
	await chat.ended();
});

test('back to a new chat that was made meanwhile, and a reload there', async () => {
	const chat = await browser.open(system.url);
	const { page } = chat;
	let go;
	const gate = new Promise((done) => { go = done; });
	await page.route('**/api/chats', async (route) => {
		if (route.request().method() === 'POST')
			await gate;
		await route.continue();
	});
	await chat.send('[[echo]] uno');
	await page.waitForSelector('.msg.u');
	await page.click('#new');
	const sent = page.waitForResponse('**/api/send-message');
	go();
	await sent;
	await page.goBack();
	await chat.ended();
	await chat.made();
	await chat.reload();
	await chat.ended();
	assert.equal((await chat.shown())[1].text, 'uno');
});

test('a chat can be renamed from its menu while a search hides it; the menu closes where it was opened', async () => {
	const { page } = await answered();
	await page.fill('#search', 'zzz');
	await page.click('#chatmenu');
	await page.waitForSelector('.popup');
	await page.click('#chatmenu');
	await page.waitForSelector('.popup', { state: 'detached' });
	await page.click('#chatmenu');
	await page.getByRole('menuitem', { name: en.rename }).click();
	await page.waitForSelector('.renames');
});

test('a chat without a title has a word of the chosen language', async () => {
	const chat = await answered({ locale: 'es-ES' });
	const { page } = chat;
	await chat.api('POST', 'chats', {});
	await chat.reload();
	await page.getByRole('link', { name: es.new_chat }).click();
	await page.selectOption('#lang', 'en');
	await page.getByRole('link', { name: en.new_chat }).waitFor();
	assert.equal(await page.getByText(es.new_chat).count(), 0);
});

test('in the list of people a name keeps its whole letters, and ours is the present one', async () => {
	const { page } = await answered();
	await page.click('#settings');
	await page.fill('dialog input', '😀 Ana');
	await page.keyboard.press('Enter');
	await page.locator('#name', { hasText: 'Ana' }).waitFor();
	await page.click('#people');
	await page.waitForSelector('dialog .go');
	assert.deepEqual(await page.locator('.plist .face').allInnerTexts(), ['😀A', '😀A']);
	assert.deepEqual(await page.locator('.plist bdi').allInnerTexts(), ['😀 Ana', '😀 Ana']);
});
