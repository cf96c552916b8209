// The socket is cut again and again, refused, closed for good; authorisation fails; pushes come twice and out of order: what one reads stays right.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startSystem, waitFor } from '../integration/harness.mjs';
import { startBrowser, stopAll } from './browser.mjs';

let system, browser;
before(async () => {
	system = await startSystem();
	browser = await startBrowser();
});
after(() => stopAll(browser, system));

const NETWORK = /WebSocket connection to|ERR_CONNECTION|status of 50[0-9]/;

/** A page whose socket is in our hands: cut(code), opened: when, forward: what becomes of a message from the server. */
async function handled(url = system.url) {
	const line = { opened: [], socket: null, refuse: null, forward: (text, pass) => pass(text) };
	line.cut = (code = 4199) => line.socket.close({ code });
	const chat = await browser.open(url, { before: (page) => page.routeWebSocket(/\/app\//, (socket) => {
		line.opened.push(Date.now());
		line.socket = socket;
		if (line.refuse) {
			socket.close({ code: line.refuse });
			return;
		}
		const server = socket.connectToServer();
		server.onMessage((text) => line.forward(text, (t) => socket.send(t)));
	}) });
	chat.expect(NETWORK);
	return { chat, line };
}

async function equalsTheStored(chat) {
	await chat.ended();
	assert.equal(await chat.copied(), (await chat.lastStored()).content);
	assert.equal((await chat.shown()).length, 2);
}

test('four cuts in one answer: one bubble, the whole text', async () => {
	const { chat, line } = await handled();
	await chat.state('live');
	await chat.send('[[bytes=6000,delay=25,chunk=30]] long');
	for (const at of [300, 1300, 2300, 3300]) {
		await chat.grown(at);
		line.cut();
		await chat.page.waitForSelector('#conn:not([data-s=live])');
		await chat.state('live');
	}
	await equalsTheStored(chat);
	assert.ok(line.opened.length >= 5);
});

test('cut twelve times: it comes back within moments, each time after another one, and says so at once', { timeout: 120_000 }, async () => {
	const { chat, line } = await handled();
	await chat.state('live');
	const waits = [];
	for (let i = 0; i < 12; i++) {
		const cut = Date.now(), before = line.opened.length;
		line.cut();
		await chat.page.waitForSelector('#conn:not([data-s=live])', { timeout: 1000 });
		await chat.state('live');
		waits.push(line.opened[before] - cut);
	}
	assert.ok(Math.max(...waits) - Math.min(...waits) >= 300, `spread: ${waits}`);
	assert.ok(waits.every((ms) => ms >= 190), `${waits}`);
	assert.ok(waits.filter((ms) => ms > 2500).length <= 1, `${waits}`);       // 200 to 1,200 ms and what a busy machine adds
});

test('a close for good is not run against; the page polls and says so', async () => {
	const { chat, line } = await handled();
	await chat.state('live');
	line.refuse = 4001;
	line.cut(4001);
	await chat.state('polling');
	const { length } = line.opened;
	await chat.send('[[bytes=1500,delay=20]] hola');
	await equalsTheStored(chat);
	assert.ok(line.opened.length - length <= 1, 'no storm');
	await chat.reload();
	await chat.ended();
});

test('an authorisation that fails while the server starts is asked for again', async () => {
	const { chat } = await handled();
	let refusals = 0, passed = 0;
	await chat.page.route('**/broadcasting/auth', async (route) => {
		if (refusals < 2) {
			refusals++;
			await route.fulfill({ status: 503, body: '' });
		} else {
			passed++;
			await route.continue();
		}
	});
	await chat.state('live');
	await chat.send('[[bytes=3000,delay=40,chunk=30]] hola');
	await equalsTheStored(chat);
	assert.equal(refusals, 2);
	await waitFor(() => passed >= 1, 'asked for again');
	const shown = chat.page.waitForEvent('console', { predicate: (m) => m.text() === 'subscribed' });
	await chat.page.evaluate(() => { Pusher.instances[0].allChannels().forEach((c) => (c.subscribed ? console.log('subscribed') : c.bind('pusher:subscription_succeeded', () => console.log('subscribed')))); });
	await shown;
});

test('pushes that come twice, and in another order, change nothing', async () => {
	const { chat, line } = await handled();
	await chat.state('live');
	let held = null, deltas = 0;
	line.forward = (text, pass) => {
		if (!text.includes('text_delta')) {
			pass(text);
			return;
		}
		deltas++;
		pass(text);
		if (deltas % 3 === 0)
			pass(text);
		if (held && deltas % 4 === 2) {
			pass(held);
			held = null;
		}
		if (deltas % 4 === 0)
			held = text;
	};
	await chat.send('[[bytes=3000,delay=40,chunk=30]] uno');
	await equalsTheStored(chat);
	assert.ok(deltas > 20, `${deltas}`);
	// and such that are late: each second one after the next
	let late = null;
	line.forward = (text, pass) => {
		if (!text.includes('text_delta')) {
			if (late)
				pass(late);
			late = null;
			pass(text);
		} else if (late) {
			pass(text);
			pass(late);
			late = null;
		} else {
			late = text;
		}
	};
	await chat.page.click('#new');
	await chat.send('[[bytes=3000,delay=40,chunk=30]] dos');
	await equalsTheStored(chat);
});

test('all servers are away for a while: the banner says so, and then the answer goes on by itself', { timeout: 120_000 }, async () => {
	const chat = await browser.open(system.url);
	chat.expect(NETWORK);
	await chat.state('live');
	await chat.send('[[bytes=4000,delay=40,chunk=30]] long');
	await chat.grown(500);
	await Promise.all([system.kill('push'), system.kill('app')]);
	const killed = Date.now();
	await chat.page.waitForSelector('#banner:not([hidden])');
	assert.ok(Date.now() - killed < 8000);
	await chat.shot('servers-away');
	await Promise.all([system.restart('push'), system.restart('app')]);
	await chat.page.waitForSelector('#banner', { state: 'hidden' });
	await chat.state('live');
	await equalsTheStored(chat);
});
