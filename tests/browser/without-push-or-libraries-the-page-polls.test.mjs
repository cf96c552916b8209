// Where there is no push, no way for it, or no www/vendor, the page still sends and shows what comes, and says so quietly.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startSystem } from '../integration/harness.mjs';
import { startBrowser, stopAll } from './browser.mjs';

let system, silent, browser;
before(async () => {
	system = await startSystem();
	silent = await startSystem({ env: { BROADCAST_DRIVER: 'null' } });
	browser = await startBrowser();
});
after(() => stopAll(browser, system, silent));

const noVendor = (page) => page.route('**/vendor/*', (route) => route.fulfill({ status: 404 }));
const noSocket = (page) => page.routeWebSocket(/\/app\//, (socket) => socket.close({ code: 1011 }));

for (const [name, url, options] of [
	['BROADCAST_DRIVER=null', () => silent.url, {}],
	['www/vendor missing', () => system.url, { before: noVendor }],
	['WebSockets that nothing lets through', () => system.url, { before: noSocket }],
])
	test(name, async () => {
		const chat = await browser.open(url(), options);
		chat.expect(/WebSocket/);
		await chat.state('polling');
		assert.equal(await chat.page.isVisible('#banner'), false);
		await chat.send('[[bytes=1500,frames=60,delay=50]] hello');
		await chat.grown(200);
		assert.equal(await chat.page.getAttribute('.msg.a', 'data-status'), 'streaming');
		await chat.ended();
		assert.equal(await chat.copied(), (await chat.lastStored()).content);
		await chat.reload();
		await chat.ended();
	});
