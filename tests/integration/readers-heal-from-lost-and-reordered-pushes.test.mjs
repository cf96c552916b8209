/**
 * A proxy before the push server loses a third of the events, doubles some and gives others late, out of
 * order. Whatever came, the page ends with what is stored. SEED replays a run.
 */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';

import { startSystem, waitFor } from './harness.mjs';
import { PageConnection } from './page-client.mjs';
import { Person } from './identities.mjs';

const SEED = Number(process.env.SEED ?? Date.now() % 100_000);
const CHATS = 4, ROUNDS = 3;

/** A small generator (Park and Miller), so that a seed replays a run. */
function generator(seed) {
	let state = seed % 2147483647 || 1;
	return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

/** HTTP passes as it is; of what the push server sends only the protocol's own frames always do. */
async function startProxy(system, random) {
	const counts = { passed: 0, lost: 0, doubled: 0, late: 0 };
	const server = createServer(async (request, response) => {
		const answer = await fetch(system.url + request.url, { headers: { accept: 'application/json' } });
		response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
	});
	const sockets = new WebSocketServer({ server });
	sockets.on('connection', (client, request) => {
		const upstream = new WebSocket(system.url.replace('http', 'ws') + request.url);
		const waiting = [];
		client.on('message', (data) => (upstream.readyState === WebSocket.OPEN ? upstream.send(`${data}`) : waiting.push(`${data}`)));
		upstream.on('open', () => waiting.splice(0).forEach((text) => upstream.send(text)));
		const pass = (text) => client.readyState === WebSocket.OPEN && client.send(text);
		upstream.on('message', (data) => {
			const text = `${data}`, fate = random();
			if (counts.isHonest || JSON.parse(text).event.startsWith('pusher')) {
				pass(text);
			} else if (fate < 0.33) {
				counts.lost++;
			} else if (fate < 0.43) {
				counts.doubled++;
				pass(text);
				pass(text);
			} else if (fate < 0.6) {
				counts.late++;
				setTimeout(pass, random() * 200, text);
			} else {
				counts.passed++;
				pass(text);
			}
		});
		upstream.on('close', () => client.close());
		client.on('close', () => upstream.close());
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	return { url: `http://127.0.0.1:${server.address().port}`, counts, close: () => { sockets.close(); server.close(); server.closeAllConnections(); } };
}

test(`the page equals the stored chat, seed ${SEED}`, { timeout: 90_000 }, async () => {
	const random = generator(SEED);
	const system = await startSystem();
	const proxy = await startProxy(system, random);
	const connection = new PageConnection({ url: proxy.url });
	const nobody = new Person(system);
	try {
		const pages = [];
		for (let i = 0; i < CHATS; i++)
			pages.push(await connection.open(`lossy-${i}`));
		for (let round = 0; round < ROUNDS; round++) {
			await Promise.all(pages.map((page, i) => nobody.say(page.chatId, `turno ${round} [[bytes=${500 + 300 * i},seed=${round},chunk=40,delay=8]]`)));
			await waitFor(async () => (await Promise.all(pages.map((page) => nobody.history(page.chatId))))
				.every(({ json }) => json.messages.length === 2 * (round + 1) && json.messages.every((m) => !['queued', 'streaming'].includes(m.status))), 'all ended');
		}
		// What is lost at the very end only the next event can tell (the page also polls while a reply runs).
		proxy.counts.isHonest = true;
		for (const page of pages)
			assert.equal((await nobody.call('PATCH', `/api/chats/${page.chatId}`, { title: 'Ya' })).status, 200);
		for (const page of pages) {
			const stored = await page.equalsTheStored(15_000);
			assert.equal(stored.length, 2 * ROUNDS);
		}
		assert.ok(proxy.counts.lost > 20 && proxy.counts.late > 5 && proxy.counts.doubled > 3, JSON.stringify(proxy.counts));
	} finally {
		connection.close();
		proxy.close();
		await system.stop();
	}
});
