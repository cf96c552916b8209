/** Each panel of the dashboard against real traffic: its numbers are those that the test's own clients have counted. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';

import { startSystem, waitFor } from '../integration/harness.mjs';
import { Client, api, startPush } from '../integration/push.mjs';
import { startBrowser, stopAll } from './browser.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const PASSWORD = 'a-password-of-operators-1';
const SHOP = { id: 'shop', key: 'k2', secret: 's2', name: 'Shop', enable_client_messages: true, capacity: 50 };
const WIDE = { viewport: { width: 1280, height: 1600 } };

let push, browser;
before(async () => {
	push = await startPush({ apps: [SHOP], env: { PUSH_STATISTICS_INTERVAL: 1, PUSHER_APP_ENABLE_CLIENT_MESSAGES: 'true' } });
	browser = await startBrowser();
});
after(() => stopAll(browser, push));

const shop = { key: 'k2', secret: 's2' };
const number = (text) => Number(text.replace(/[^\d]/g, ''));
const publish = (body, app = 'local', keys = {}) => api(push, 'POST', `/apps/${app}/events`, { body, ...keys });
const open = async (options = {}) => {
	const chat = await browser.open(`${push.url}/dashboard/`, { ...WIDE, ...options });
	await chat.page.waitForSelector('#conn[data-s=live]');
	await chat.page.waitForSelector('[data-tile=slow]');
	return chat;
};
const tile = async (page, name) => number(await page.locator(`[data-tile=${name}] dd`).evaluate((dd) => dd.firstChild.textContent));
const tileIs = (page, name, n) => waitFor(async () => await tile(page, name) === n, `${name} is ${n}`)
	.catch(async (e) => { throw new Error(`${e.message}, but ${await tile(page, name)}`); });
const rows = (page, type) => page.locator(`#rows li${type ? `[data-type=${type}]` : ''}`);

test('tiles: connections, messages, API calls and bytes of the chosen app, and the page itself counts nowhere', async () => {
	const { page } = await open();
	await page.selectOption('#app', 'shop');
	await page.waitForSelector('[data-tile=slow]'); // what came before the first status is in no rate
	const clients = await Promise.all([0, 1, 2].map(() => new Client(push, shop).open()));
	for (const c of clients)
		await c.subscribe('private-x', shop);
	for (let i = 0; i < 10; i++)
		assert.equal((await publish({ name: 'e', channels: ['private-x'], data: 'ñ' }, 'shop', shop)).status, 200);
	clients[0].send('client-e', 'hola', 'private-x');
	await waitFor(() => clients[1].named('client-e').length === 1 && clients[2].named('client-e').length === 1 && clients.every((c) => c.named('e').length === 10), 'the events');
	await tileIs(page, 'connections', 3);
	assert.match(await page.textContent('[data-tile=connections] small'), /peak 3 · max\. 50/);
	await tileIs(page, 'channels', 1);
	await tileIs(page, 'sent', clients.reduce((n, c) => n + c.frames.length, 0));
	await tileIs(page, 'received', 4);
	await tileIs(page, 'api', 10);
	assert.equal(number(await page.textContent('[data-tile=api] small')), 11);
	await tileIs(page, 'slow', 0);
	assert.match(await page.textContent('[data-tile=delivery] dd'), /\d+(\.\d+)? ms/);
	await page.waitForFunction(() => /out: now/.test(document.querySelector('#live-chart svg')?.getAttribute('aria-label')));
	clients.forEach((c) => c.close());
	await tileIs(page, 'connections', 0);
	assert.equal(await push.metric('push_connections'), 0);
	await page.close();
});

test('channels, their subscribers and members; one connection is ended', async () => {
	const chat = await open();
	const { page } = chat;
	const clients = await Promise.all(['ana', 'ana', 'luis'].map(async (user_id) => (await new Client(push).open()).subscribe('presence-room', { data: { user_id } })));
	await clients[0].subscribe('private-x');
	const row = (name) => page.locator('#channels tr', { hasText: name });
	await row('presence-room').waitFor();
	assert.deepEqual(await row('presence-room').locator('td').allTextContents(), ['presence-room', '3', '2']);
	assert.deepEqual(await row('private-x').locator('td').allTextContents(), ['private-x', '1', '']);
	await page.getByRole('button', { name: 'presence-room' }).click();
	await page.locator('#sockets tr').nth(2).waitFor();
	assert.equal(await page.textContent('#members-count'), '3 connections · 2 users');
	const shown = await page.locator('#sockets tr').evaluateAll((all) => all.map((tr) => [tr.dataset.socket, tr.children[1].textContent]));
	assert.deepEqual(shown.sort(), clients.map((c, i) => [c.socketId, ['ana', 'ana', 'luis'][i]]).sort());
	await page.locator(`[data-socket="${clients[2].socketId}"] button`).click();
	assert.equal(await clients[2].closed(), 4009);
	chat.expect(/status of 403/);
	await page.route('**/terminate', (route) => route.fulfill({ status: 403, contentType: 'application/json', body: '{"error":"Not you."}' }));
	await page.locator(`[data-socket="${clients[1].socketId}"] button`).click();
	await page.locator('.toast', { hasText: 'That did not work: Not you.' }).waitFor();
	await page.locator(`[data-socket="${clients[2].socketId}"]`).waitFor({ state: 'detached' });
	assert.equal(clients[0].code, undefined);
	await page.fill('#prefix', 'private-');
	await row('presence-room').waitFor({ state: 'detached' });
	assert.equal(await page.locator('#channels tr').count(), 1);
	clients.forEach((c) => c.close());
	await page.close();
});

test('an event is sent, and as many as received it are told; what is no JSON is not sent', async () => {
	const chat = await open();
	const { page } = chat;
	chat.expect(/status of 400/);
	const clients = await Promise.all([0, 1].map(async () => (await new Client(push).open()).subscribe('private-offers')));
	await page.fill('#send-channel', 'private-offers');
	await page.fill('#send-event', 'offer');
	await page.fill('#send-data', '{"price":');
	assert.equal(await page.textContent('#send-said'), 'This is not valid JSON.');
	await page.fill('#send-data', '{\n"price" 1}');
	assert.equal(await page.textContent('#send-said'), 'This is not valid JSON: line 2, column 9.');
	await page.selectOption('#lang', 'es');
	assert.equal(await page.textContent('#send-said'), 'Esto no es JSON válido: línea 2, columna 9.');
	await page.selectOption('#lang', 'en');
	await page.click('#send button');
	await page.fill('#send-data', '{"price":[1,"ñ"]}');
	await page.click('#send button');
	await page.getByText('Delivered to 2 connections.').waitFor();
	await waitFor(() => clients.every((c) => c.named('offer').length > 0), 'the event');
	for (const c of clients)
		assert.deepEqual(c.named('offer').map((f) => f.data), [{ price: [1, 'ñ'] }]);
	await page.fill('#send-channel', 'no channel');
	await page.click('#send button');
	await page.getByText(/^That is no name of a channel/).waitFor();
	await page.fill('#send-channel', 'x'.repeat(900));
	await page.click('#send button');
	await page.getByText(/That did not work: A channel name is too long or has characters/).waitFor();
	clients.forEach((c) => c.close());
	await page.close();
});

test('a user is ended on all of his connections, and nobody else', async () => {
	const { page } = await open();
	const [a, b, other] = await Promise.all(['u-7', 'u-7', 'u-8'].map(async (id) => (await new Client(push).open()).signIn({ id })));
	await page.fill('#end-user', 'u-7');
	await page.click('#end button');
	await page.getByText('2 connections terminated.').waitFor();
	assert.deepEqual([await a.closed(), await b.closed(), other.code], [4009, 4009, undefined]);
	other.close();
	await page.close();
});

test('the feed: what happened, newest first; a flood is cut and what was left out is counted; pause and filter', async () => {
	const { page } = await open();
	const client = await (await new Client(push).open()).subscribe('private-feed');
	await rows(page, 'subscribed').first().waitFor();
	assert.match(await rows(page, 'subscribed').first().innerText(), new RegExp(`private-feed\\s+${client.socketId.replace('.', '\\.')}`));
	for (const type of ['connected', 'occupied'])
		assert.equal(await rows(page, type).count(), 1, type);
	assert.equal(await page.evaluate(() => document.querySelector('#rows').textContent.includes('private-app-')), false, 'not of itself');
	const FLOOD = 400;
	for (let i = 0; i < FLOOD / 10; i++)
		await api(push, 'POST', '/apps/local/batch_events', { body: { batch: Array.from({ length: 10 }, () => ({ name: `secret-free ${i}`, channel: 'private-feed', data: 'text of somebody' })) } });
	await waitFor(() => client.frames.filter((f) => /^secret-free/.test(f.event)).length === FLOOD, 'the flood');
	const left = async () => number(/\(API event ([\d,]+)\)/.exec(await page.textContent('#omitted'))?.[1] ?? '0');
	await waitFor(async () => await rows(page, 'api-event').count() + await left() === FLOOD, 'all are shown or counted')
		.catch(async (e) => { throw new Error(`${e.message}: ${await rows(page, 'api-event').count()} + ${await left()}`); });
	assert.ok(await rows(page).count() <= 200);
	assert.equal((await page.content()).includes('text of somebody'), false);

	await page.click('#pause');
	const frozen = await page.textContent('#rows');
	client.close();
	await page.getByText(/Paused: \d+ waiting/).waitFor();
	assert.equal(await page.textContent('#rows'), frozen);
	await page.click('#pause');
	await rows(page, 'disconnected').first().waitFor();
	await page.selectOption('#kind', 'connected');
	assert.deepEqual(await rows(page).evaluateAll((all) => [...new Set(all.map((li) => li.dataset.type))]), ['connected']);
	await page.selectOption('#kind', '');
	await page.fill('#filter', client.socketId);
	assert.ok((await rows(page).allTextContents()).every((text) => text.includes(client.socketId)));
	await page.close();
});

test('history: what the statistics have, over hours and months', async () => {
	const { page } = await open();
	const totals = async () => (await (await fetch(`${push.url}/dashboard/api/local/history?span=day`)).json()).rows.at(-1) ?? [];
	await publish({ name: 'e', channels: ['a', 'b', 'c'], data: 'x' });
	const sent = await push.metric('push_messages_sent_total{app="local"}');
	await waitFor(async () => (await totals())[4] === sent, 'the statistics');
	const [, peak, websocket, published] = await totals();
	assert.equal(websocket, await push.metric('push_messages_received_total{app="local"}'));
	assert.ok(peak >= 3 && published > 400);
	await page.selectOption('#range', 'r_year');
	const says = () => page.getAttribute('#history-chart svg', 'aria-label');
	const grouped = (n) => n.toLocaleString('en-GB');
	await waitFor(async () => (await says())?.startsWith(`out: now ${grouped(sent)}, most ${grouped(sent)}; in: now ${grouped(websocket)}`), 'the chart')
		.catch(async (e) => { throw new Error(`${e.message}: ${await says()}`); });
	await page.selectOption('#what', 'w_peak');
	assert.equal(await says(), `Peak connections: now ${peak}, most ${peak}`);
	for (const range of ['r_hours', 'r_day', 'r_week', 'r_month'])
		await page.selectOption('#range', range);
	await page.close();
});

test('the queue of webhooks: what waits is shown, and gone when it is taken', async () => {
	let status = 503;
	const receiver = createServer((q, r) => { q.resume(); r.writeHead(status).end(); }).listen(0, '127.0.0.1');
	await waitFor(() => receiver.listening);
	const url = `http://127.0.0.1:${receiver.address().port}/token-in-the-path`;
	push.writeApps([{ ...SHOP, webhooks: [{ url, event_types: ['channel_occupied'] }] }]);
	await push.reload();
	const { page } = await open();
	await page.selectOption('#app', 'shop');
	const client = await (await new Client(push, shop).open()).subscribe('private-hooked', shop);
	const pair = (i) => page.locator('#hooks dd').nth(i).textContent();
	await waitFor(async () => await pair(1) === '1' && Number(await pair(3)) > 0, 'it waits');
	assert.equal(await pair(0), '1');
	status = 200;
	await waitFor(async () => await pair(1) === '0' && await pair(2) === '1', 'it is taken');
	assert.equal((await page.content()).includes('token-in-the-path'), false);
	client.close();
	receiver.close();
	await page.close();
});

test('a restart of the server: the page says so, comes back by itself and keeps its list', async () => {
	const chat = await open();
	const { page } = chat;
	chat.expect(/ERR_CONNECTION_REFUSED|WebSocket connection to|Failed to load resource/);
	await (await (await new Client(push).open()).subscribe('private-before')).close();
	await rows(page, 'subscribed').first().waitFor();
	push.env.LARAVEL_WEBSOCKETS_PORT = push.port;
	await push.program.stop();
	await page.waitForSelector('#conn[data-s=gone]');
	await push.start();
	await page.waitForSelector('#conn[data-s=live]');
	assert.match(await page.textContent('#rows'), /private-before/);
	await page.close();
});

test('both languages, both themes, narrow: no violation in axe-core, nothing wider than the screen', async () => {
	for (const [locale, colorScheme, options] of [['es-ES', 'light', WIDE], ['en-GB', 'dark', WIDE], ['es-ES', 'dark', { viewport: { width: 320, height: 800 } }], ['en-GB', 'light', { viewport: { width: 390, height: 844 } }]]) {
		const chat = await open({ locale, colorScheme, ...options });
		const { page } = chat;
		const client = await (await new Client(push).open()).subscribe('presence-a-rather-long-name-of-a-room-that-does-not-fit', { data: { user_id: 'ana' } });
		await page.getByRole('button', { name: 'presence-a-rather' }).click();
		await page.locator('#sockets tr').first().waitFor();
		await rows(page, 'subscribed').first().waitFor();
		await page.waitForSelector('[data-tile=slow]');
		await page.evaluate(AXE);
		const found = await page.evaluate((rules) => window.axe.run({ runOnly: rules }), RULES);
		assert.deepEqual(found.violations.map((v) => `${locale} ${colorScheme}: ${v.id}: ${v.nodes.map((n) => n.html.slice(0, 160)).join(' | ')}`), []);
		assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0);
		assert.equal(await page.$eval('#channels', (body) => { const box = body.closest('.wrap'); return box.scrollWidth - box.clientWidth; }), 0, 'the numbers of a channel with a long name are in sight');
		assert.ok(await page.$$eval('.tile dd', (all) => all.every((dd) => { const r = document.createRange(); r.selectNode(dd.firstChild); return r.getClientRects().length === 1 && dd.scrollWidth <= dd.clientWidth; })), 'a number and its unit are on one line');
		assert.ok(await rows(page, 'subscribed').first().locator('span').nth(2).isVisible());
		assert.equal(await page.textContent('h1'), locale === 'es-ES' ? 'Servidor push' : 'Push server');
		await chat.shot(`dashboard-${locale}-${colorScheme}-${options.viewport.width}`);
		client.close();
		await page.selectOption('#lang', locale === 'es-ES' ? 'en' : 'es');
		await page.waitForFunction((text) => document.querySelector('[data-tile=connections] dt').textContent === text, locale === 'es-ES' ? 'Connections' : 'Conexiones');
		await page.close();
	}
});

test('through the web server: signing in with the password, live data by /app, chats and AI beside it, signing out', async () => {
	const system = await startSystem({ mounts: ['dashboard'], env: { DASHBOARD_PASSWORD: PASSWORD } });
	try {
		const chat = await browser.open(`${system.url}/dashboard`, WIDE);
		const { page } = chat;
		chat.expect(/status of 401/);
		await page.fill('#password', 'not this');
		await page.keyboard.press('Enter');
		await page.getByText('That is not the password.').waitFor();
		await page.evaluate(AXE);
		assert.deepEqual((await page.evaluate((rules) => window.axe.run({ runOnly: rules }), RULES)).violations.map((v) => v.id), []);
		await chat.shot('dashboard-door');
		await page.fill('#password', PASSWORD);
		await page.keyboard.press('Enter');
		await page.waitForSelector('#conn[data-s=live]');
		await page.waitForSelector('[data-tile=slow]');
		assert.equal(await page.evaluate(() => document.cookie), '', 'no script reads it');
		await page.reload();
		await page.waitForSelector('#conn[data-s=live]');

		const sent = await fetch(`${system.url}/api/send-message`, { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Request-Id': 'seen-in-the-panel' },
			body: JSON.stringify({ chatId: 'd-1', messages: [{ role: 'user', content: 'nobody reads this there' }] }) });
		assert.equal(sent.status, 202);
		await page.locator('#ai-body tbody tr', { hasText: 'seen-in-the-panel' }).waitFor({ timeout: 30_000 });
		assert.match(await page.textContent('#ai-body dl'), /complete 1/);
		assert.match(await page.textContent('#ai-body dl'), /1 chat · 0 people · 2 messages/);
		await page.selectOption('#lang', 'es');
		assert.match(await page.textContent('#ai-body dl'), /en cola 0 · en marcha 0 · fallidos 0.*completa 1.*1 chat · 0 personas · 2 mensajes/);
		assert.equal(await page.textContent('#ai-body tbody td:nth-child(6)'), 'completa');
		await page.selectOption('#lang', 'en');
		assert.equal((await page.content()).includes('nobody reads this'), false);
		await chat.shot('dashboard-ai');
		await page.click('#out');
		await page.waitForSelector('#password');
		await page.reload();
		await page.waitForSelector('#door:not([hidden])');
	} finally {
		await system.stop();
	}
});
