// Whatever is taken away in the middle of an answer (push server, network), the page ends with exactly the stored text, once.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startSystem } from '../integration/harness.mjs';
import { startBrowser, stopAll } from './browser.mjs';

let system, browser;
before(async () => {
	system = await startSystem();
	browser = await startBrowser();
	await system.standin.default({ delay: 40, chunk: 40 });
});
after(() => stopAll(browser, system));

const LONG = '[[bytes=6000]] long';
const NETWORK = /ERR_INTERNET_DISCONNECTED|ERR_CONNECTION|ERR_NETWORK|WebSocket connection to|status of 50[0-9]/;

async function equalsTheStored(chat, answers) {
	await chat.ended(answers);
	assert.equal(await chat.copied(), (await chat.lastStored()).content);
	assert.equal((await chat.shown()).length, (await chat.stored()).messages.length);
}

test('the push server is killed and comes back', async () => {
	const chat = await browser.open(system.url);
	chat.expect(NETWORK);
	await chat.state('live');
	await chat.send(LONG);
	await chat.grown(500);
	await system.kill('push');
	await chat.page.waitForSelector('#conn:not([data-s=live])');
	const before = (await chat.shown()).at(-1).text.length;
	await chat.grown(before + 500);            // by polling
	await system.restart('push');
	await chat.state('live');
	await equalsTheStored(chat, 1);
});

test('the network goes away in the middle of an answer; what is written meanwhile is sent, once', async () => {
	const chat = await browser.open(system.url);
	chat.expect(NETWORK);
	await chat.state('live');
	await chat.send(LONG);
	await chat.grown(500);
	await chat.page.context().setOffline(true);
	await chat.state('offline');
	await chat.page.waitForSelector('#banner:not([hidden])');
	await chat.send('[[bytes=200]] are you there?');
	await chat.page.waitForSelector('.msg.u[data-status=waiting]');
	await chat.send('[[bytes=100]] and me?');
	await chat.page.waitForFunction(() => document.querySelectorAll('.msg.u[data-status=waiting]').length === 2);
	await chat.shot('offline');
	await chat.page.context().setOffline(false);
	await chat.state('live');
	await equalsTheStored(chat, 3);
	assert.deepEqual((await chat.shown()).filter((m) => m.role === 'user').map((m) => m.text), [LONG, '[[bytes=200]] are you there?', '[[bytes=100]] and me?']);
});

test('a message that was not sent outlives a reload', async () => {
	const chat = await browser.open(system.url);
	chat.expect(NETWORK);
	chat.expect(/ERR_FAILED/);
	await chat.page.route('**/api/send-message', (route) => route.abort());
	await chat.send('[[bytes=100]] keep me');
	await chat.page.waitForSelector('.msg.u[data-status=waiting]');
	await chat.page.unroute('**/api/send-message');
	await chat.reload();
	await equalsTheStored(chat, 1);
	assert.match((await chat.shown())[0].text, /keep me/);
});
