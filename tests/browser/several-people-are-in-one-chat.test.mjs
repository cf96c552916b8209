// Somebody is invited by a link, has a name, is seen, writes, is thrown out; one is offline for a while and misses nothing.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startSystem } from '../integration/harness.mjs';
import { startBrowser, stopAll } from './browser.mjs';

let system, browser;
before(async () => {
	system = await startSystem({ env: { PUSHER_APP_ENABLE_CLIENT_MESSAGES: 'true' } });
	browser = await startBrowser();
	await system.standin.default({ echo: true });
});
after(() => stopAll(browser, system));

const NETWORK = /ERR_INTERNET_DISCONNECTED|ERR_CONNECTION|WebSocket connection to/;

const button = (chat, name) => chat.page.getByRole('button', { name, exact: true });

async function called(chat, name) {
	await chat.page.click('#settings');
	await chat.page.getByLabel('Your name').fill(name);
	await button(chat, 'Done').click();
	await chat.page.waitForFunction((n) => document.querySelector('#name').textContent === n, name);
}

async function linkOf(chat) {
	await chat.page.click('#people');
	await button(chat, 'Make a link').click();
	const link = await chat.page.inputValue('dialog .url');
	await chat.page.keyboard.press('Escape');
	return link;
}

async function joined(link, name) {
	const chat = await browser.open(link);
	await chat.page.waitForSelector('dialog[open]');
	assert.doesNotMatch(chat.page.url(), /join=/, 'the token leaves the address');
	await chat.page.getByLabel('Your name').fill(name);
	await chat.shot('invited');
	await button(chat, 'Join').click();
	await chat.page.waitForURL(/#c=c-/);
	return chat;
}

test('an invitation, names, who is here, who writes, and the end of it', async () => {
	const ana = await browser.open(system.url);
	await called(ana, 'Ana López');
	await ana.send('hola');
	await ana.ended();
	const link = await linkOf(ana);
	const bea = await joined(link, 'Bea');
	await bea.ended();
	assert.deepEqual(await bea.shown(), await ana.shown());
	assert.equal(await bea.page.innerText('#name'), 'Bea');
	// presence
	await ana.page.waitForFunction(() => document.querySelector('#people')?.getAttribute('aria-label') === '1 more person here: Bea');
	await bea.page.waitForFunction(() => document.querySelector('#people')?.textContent === 'AL');
	// typing
	await bea.page.focus('#input');
	await bea.page.keyboard.type('¿y yo?');
	await ana.page.getByText('Bea is writing…').waitFor();
	await ana.shot('typing');
	await ana.page.waitForSelector('#typing[hidden]', { state: 'attached' });          // who stops writing is not told of for ever
	await bea.page.keyboard.type('?');
	await ana.page.getByText('Bea is writing…').waitFor();
	// author and side of each
	await bea.page.keyboard.press('Enter');
	await Promise.all([ana.ended(2), bea.ended(2)]);
	const sides = (chat) => chat.page.$$eval('.msg.u', (all) => all.map((li) => [li.querySelector('.who').innerText, li.classList.contains('other')]));
	assert.deepEqual(await sides(ana), [['You', false], ['Bea', true]]);
	assert.deepEqual(await sides(bea), [['Ana López', true], ['You', false]]);
	assert.equal((await ana.shown()).at(-2).text, '¿y yo??');
	await ana.page.waitForSelector('#typing[hidden]', { state: 'attached' });
	await bea.shot('shared');
	// a member's list has it; a member does not delete it
	assert.match(await bea.page.innerText('#chats a'), /hola/);
	// thrown out: it is gone, and an old link is void
	bea.expect(/status of 40[0-9]/);
	await ana.page.click('#people');
	await button(ana, 'Remove').click();
	await bea.page.waitForSelector('#card:not([hidden])');
	await bea.page.waitForFunction(() => document.querySelectorAll('#chats li').length === 0);
	await bea.shot('thrown-out');
	await ana.page.waitForFunction(() => document.querySelector('#people').getAttribute('aria-label') === 'Invite');
	await button(ana, 'Stop sharing').click();
	await ana.page.getByText('Nobody else has access now.').first().waitFor();
	const late = await browser.open(link);
	late.expect(/status of 404/);
	await button(late, 'Join').click();
	await late.page.getByText('This invitation does not hold any more.').first().waitFor();
	await late.shot('invitation-void');
});

test('two see the same, in order, when one is offline for a while and writes meanwhile', async () => {
	const one = await browser.open(`${system.url}/#c=o-two`);
	const two = await browser.open(`${system.url}/?chat=o-two`);
	one.expect(NETWORK);
	await Promise.all([one.state('live'), two.state('live')]);
	await one.send('uno');
	await Promise.all([one.ended(1), two.ended(1)]);
	await one.page.context().setOffline(true);
	await one.state('offline');
	await one.send('escrito sin red');
	await one.page.waitForSelector('.msg.u[data-status=waiting]');
	await two.send('dos');
	await two.ended(2);
	await two.send('tres');
	await two.ended(3);
	await one.page.context().setOffline(false);
	await Promise.all([one.ended(4), two.ended(4)]);
	assert.deepEqual(await one.shown(), await two.shown());
	assert.deepEqual((await one.shown()).filter((m) => m.role === 'user').map((m) => m.text), ['uno', 'dos', 'tres', 'escrito sin red']);
	const stored = await one.stored();
	assert.equal(stored.messages.filter((m) => m.role === 'user').length, 4);
});

test('wishes are kept: name, language, theme, persona and model', async () => {
	const chat = await browser.open(system.url);
	const { page } = chat;
	await called(chat, 'Zoë');
	await page.click('#settings');
	await page.getByLabel('Theme', { exact: true }).selectOption('dark');
	await page.getByLabel('How the AI should answer').fill('Como un pirata.');
	await page.getByLabel('Language', { exact: true }).last().selectOption('es');
	await page.getByRole('button', { name: 'Listo' }).click();
	assert.equal(await page.getAttribute('html', 'data-theme'), 'dark');
	await chat.reload();
	assert.equal(await page.getAttribute('html', 'lang'), 'es');
	assert.equal(await page.getAttribute('html', 'data-theme'), 'dark');
	await chat.send('hola');
	await chat.ended();
	const { id } = chat;
	assert.equal((await chat.api('GET', `chats/${id}`)).systemPrompt, 'Como un pirata.');
	await page.click('#settings');
	await page.waitForFunction(() => document.querySelector('dialog input')?.value === 'Zoë');
	assert.equal(await page.textContent('#name'), 'Zoë');
	await page.getByRole('button', { name: 'Olvidarme' }).click();
	const listed = page.waitForResponse((r) => r.request().method() === 'GET' && r.url().endsWith('/api/chats'));
	await page.getByRole('button', { name: 'Sí, olvidarme en este dispositivo' }).click();
	await page.waitForURL((url) => url.hash === '');
	await listed;                                  // open chats, which are everybody's here, may stand there; ours may not
	assert.deepEqual((await chat.api('GET', 'chats')).chats.filter((c) => c.chatId === id), []);
	assert.equal(await page.locator(`#chats [data-id="${id}"]`).count(), 0);
	assert.equal((await chat.api('GET', 'me')).identified, false);
	assert.deepEqual(await page.evaluate(() => Object.keys(localStorage).filter((k) => k.startsWith('charla.')).sort()), ['charla.lang', 'charla.theme'], 'nothing of the person is left here');
});
