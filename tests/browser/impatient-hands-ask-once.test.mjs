// Who presses twice asks once; who writes with an input method gives no command before the word is finished.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import en from '../../www/js/i18n/en.js';
import { startSystem, waitFor } from '../integration/harness.mjs';
import { startBrowser, stopAll } from './browser.mjs';

let system, browser;
before(async () => {
	system = await startSystem();
	browser = await startBrowser();
});
after(() => stopAll(browser, system));

async function answered() {
	const chat = await browser.open(system.url);
	await chat.state('live');
	await chat.send('[[echo]] hola');
	await chat.ended();
	return chat;
}

/** Requests to pattern wait until release() is called; how many came. */
async function held(page, pattern) {
	let release;
	const gate = new Promise((done) => { release = done; });
	const said = { count: 0, release };
	await page.route(pattern, async (route) => { said.count++; await gate; await route.continue(); });
	return said;
}

test('Enter twice in the box of an edit is one edit, and Escape while it is sent breaks nothing', async () => {
	const chat = await answered();
	const { page } = chat;
	const asked = await held(page, '**/messages/*');
	await page.focus('#input');
	await page.keyboard.press('ArrowUp');
	await page.keyboard.type(' dos');
	await page.keyboard.press('Enter');
	await page.keyboard.press('Enter');
	await page.keyboard.press('Escape');
	await waitFor(() => asked.count > 0);
	asked.release();
	await page.waitForSelector('.msg.u .versions');
	await chat.ended();
	assert.equal(await page.innerText('.msg.u .versions .count'), '2/2');
	assert.equal(asked.count, 1);
});

test('another answer asked for twice is one answer more', async () => {
	const chat = await answered();
	const { page } = chat;
	const asked = await held(page, '**/regenerate');
	await page.locator('.msg.a [data-act=again]').dblclick();
	await waitFor(() => asked.count > 0);
	asked.release();
	await page.waitForSelector('.msg.a .versions');
	await chat.ended();
	assert.equal(await page.innerText('.msg.a .versions .count'), '2/2');
	assert.equal(asked.count, 1);
});

test('a double click on "make a link" makes one', async () => {
	const { page } = await answered();
	const asked = await held(page, '**/share');
	await page.click('#people');
	await page.getByRole('button', { name: en.make_link }).dblclick();
	await waitFor(() => asked.count > 0);
	asked.release();
	await page.waitForSelector('dialog .url');
	assert.equal(asked.count, 1);
});

/** Browsers tell a key of an input method in two ways. */
const COMPOSING = [{ isComposing: true }, { keyCode: 229 }];
const press = (page, selector, key, how) => page.$eval(selector, (el, [key, how]) => {
	el.focus();
	el.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...how }));
}, [key, how]);

for (const how of COMPOSING)
	test(`Enter and Escape of an input method, ${JSON.stringify(how)}`, async () => {
		const chat = await answered();
		const { page } = chat;
		await page.fill('#input', 'にほ');
		await press(page, '#input', 'Enter', how);
		assert.equal(await page.inputValue('#input'), 'にほ', 'not sent');
		await page.fill('#input', '');

		await page.hover('#chats li');
		await page.click('#chats .rowmenu');
		await page.keyboard.press('Enter');
		await page.fill('.renames', 'にほ');
		await press(page, '.renames', 'Enter', how);
		await press(page, '.renames', 'Escape', how);
		assert.equal(await page.locator('.renames').count(), 1, 'the name is not finished');
		await page.keyboard.press('Escape');

		await page.focus('#input');
		await page.keyboard.press('ArrowUp');
		await press(page, '.edit textarea', 'Escape', how);
		await press(page, '.edit textarea', 'Enter', how);
		assert.equal(await page.locator('.edit').count(), 1, 'the edit goes on');
		await page.keyboard.press('Escape');

		await page.click('#new');
		await page.fill('#search', 'hola');
		await press(page, '#search', 'Enter', how);
		assert.equal(chat.id, null, 'no chat was opened');
		await page.fill('#search', '');

		await system.standin.queue([{ bytes: 3000, delay: 300 }]);
		await chat.send('largo');
		await chat.grown(100);
		await press(page, '#input', 'Escape', how);
		await chat.ended();
		assert.equal((await chat.lastStored()).status, 'complete', 'the answer goes on');
		await page.close();
	});
