/** Webhooks against a receiver of this test's own, read with npm's pusher. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';

import PusherServer from 'pusher';

import { waitFor } from './harness.mjs';
import { Client, api, startPush } from './push.mjs';

/** Keeps every post; answer(post): the status, or nothing: never. */
class Receiver {
	constructor() { this.posts = []; this.answer = () => 200; }

	async listen() {
		this.server = createServer((request, response) => {
			const chunks = [];
			request.on('data', (c) => chunks.push(c)).on('end', () => {
				const body = Buffer.concat(chunks).toString('utf8');
				const post = { path: request.url, method: request.method, headers: request.headers, rawHeaders: request.rawHeaders, body, json: JSON.parse(body), at: Date.now() };
				this.posts.push(post);
				const status = this.answer(post);
				if (status)
					response.writeHead(status, status === 302 ? { Location: '/elsewhere' } : {}).end('x'.repeat(100));
			});
		});
		await new Promise((done) => { this.server.listen(0, '127.0.0.1', done); });
		this.url = `http://127.0.0.1:${this.server.address().port}`;
		return this;
	}

	events(path) { return this.posts.filter((p) => p.path === path).flatMap((p) => p.json.events); }

	close() { this.server.closeAllConnections(); this.server.close(); }
}

const app = { key: 'key-w', secret: 'secret-w' };
const as = { key: app.key, secret: app.secret };
let receiver, push;
const clients = [];
const client = async (key = app.key) => { const c = new Client(push, { key }); clients.push(c); return c.open(); };
const names = (events) => events.map((e) => [e.name, e.channel, ...(e.user_id ? [e.user_id] : [])].join(' '));

before(async () => {
	receiver = await new Receiver().listen();
	push = await startPush({ apps: [
		{ id: 'w', ...app, enable_client_messages: true, enable_subscription_count: true, webhooks: [
			{ url: `${receiver.url}/all`, headers: { 'X-Mine': 'yes', Authorization: 'Bearer t' } },
			{ url: `${receiver.url}/filtered`, event_types: ['channel_occupied', 'member_added'], filter: { channel_name_starts_with: 'presence-' } },
		] },
		{ id: 'b', key: 'key-b', secret: 'secret-b', enable_webhook_batching: true, webhooks: [{ url: `${receiver.url}/batch`, event_types: ['channel_occupied'] }] },
		{ id: 'r', key: 'key-r', secret: 'secret-r', webhooks: [{ url: `${receiver.url}/retry`, event_types: ['channel_occupied'] }] },
		{ id: 'h', key: 'key-h', secret: 'secret-h', webhooks: [{ url: `${receiver.url}/hangs`, event_types: ['channel_occupied'] }] },
		{ id: 'x', key: 'key-x', secret: 'secret-x' },
	] });
});
after(async () => {
	clients.forEach((c) => c.close());
	await push?.stop();
	receiver?.close();
});

test('every event, with headers and a signature that npm pusher accepts', async () => {
	const [one, two] = [await client(), await client()];
	await one.subscribe('presence-p', { data: { user_id: 'ada' }, ...as });
	await two.subscribe('presence-p', { data: { user_id: 'bob' }, ...as });
	await one.subscribe('cache-c', as);
	one.send('client-wave', { n: 1 }, 'presence-p');
	await waitFor(() => receiver.events('/all').some((e) => e.name === 'client_event'), 'the client event');
	two.close();
	one.close();
	await waitFor(() => receiver.events('/all').filter((e) => e.name === 'channel_vacated').length === 2, 'both vacated');
	const events = receiver.events('/all');
	const of = (channel) => names(events.filter((e) => e.channel === channel && e.name !== 'subscription_count'));
	assert.deepEqual(of('presence-p').slice(0, 4), ['channel_occupied presence-p', 'member_added presence-p ada', 'member_added presence-p bob', 'client_event presence-p ada']);
	assert.deepEqual(of('presence-p').slice(4).sort(), ['channel_vacated presence-p', 'member_removed presence-p ada', 'member_removed presence-p bob']);
	assert.deepEqual(of('cache-c'), ['channel_occupied cache-c', 'cache_miss cache-c', 'channel_vacated cache-c']);
	assert.deepEqual(events.find((e) => e.name === 'client_event'),
		{ name: 'client_event', channel: 'presence-p', event: 'client-wave', data: { n: 1 }, socket_id: one.socketId, user_id: 'ada' });
	assert.deepEqual(events.filter((e) => e.name === 'subscription_count').at(0), { name: 'subscription_count', channel: 'cache-c', subscription_count: 1 });
	const reader = new PusherServer({ appId: 'w', ...app, cluster: 'x' });
	for (const post of receiver.posts) {
		const webhook = reader.webhook({ headers: post.headers, rawBody: post.body });
		assert.ok(webhook.isValid());
		assert.equal(webhook.getEvents().length, 1);
		assert.ok(Math.abs(webhook.getTime() - Date.now()) < 60_000);
		assert.equal(post.headers['content-type'], 'application/json');
		assert.equal(post.headers['x-pusher-key'], app.key);
		assert.equal(post.headers.expect, undefined);
		assert.equal(post.headers['x-mine'], post.path === '/all' ? 'yes' : undefined);
		assert.equal(post.method, 'POST');
	}
	assert.deepEqual(names(receiver.events('/filtered')), ['channel_occupied presence-p', 'member_added presence-p ada', 'member_added presence-p bob']);
});

test('who comes back within three seconds has never left', async () => {
	const from = receiver.posts.length;
	const one = await client();
	await one.subscribe('presence-back', { data: { user_id: 'eva' }, ...as });
	await waitFor(() => receiver.events('/all').some((e) => e.channel === 'presence-back' && e.name === 'member_added'), 'the first time');
	for (let i = 0; i < 3; i++) {
		const again = await client();
		clients.at(-2).close();
		await waitFor(() => clients.at(-2).code !== undefined, 'the close');
		await again.subscribe('presence-back', { data: { user_id: 'eva' }, ...as });
	}
	const marker = await client();
	await marker.subscribe('marker', as);
	marker.close();
	// the marker's own vacated comes three seconds later: by then the others would have come, too
	await waitFor(() => receiver.events('/all').some((e) => e.name === 'channel_vacated' && e.channel === 'marker'), 'the marker');
	assert.deepEqual(names(receiver.posts.slice(from).filter((p) => p.path === '/all').flatMap((p) => p.json.events).filter((e) => e.channel === 'presence-back')),
		['channel_occupied presence-back', 'member_added presence-back eva']);
});

test('with batching many events come in few posts, each signed with its own app\'s secret', async () => {
	const one = await client('key-b');
	await Promise.all(Array.from({ length: 90 }, (_, i) => one.subscribe(`b${i}`, { key: 'key-b', secret: 'secret-b' })));
	await waitFor(() => receiver.events('/batch').length === 90, 'all events');
	const posts = receiver.posts.filter((p) => p.path === '/batch');
	assert.ok(posts.length <= 20, `${posts.length} posts`);
	assert.ok(posts.some((p) => p.json.events.length > 1));
	for (const post of posts)
		assert.ok(new PusherServer({ appId: 'b', key: 'key-b', secret: 'secret-b', cluster: 'x' }).webhook({ headers: post.headers, rawBody: post.body }).isValid());
});

test('what is not answered with 2xx is tried again; a redirect is not followed', async () => {
	const statuses = [500, 302, 204];
	receiver.answer = (post) => (post.path === '/retry' ? statuses.shift() : 200);
	const one = await client('key-r');
	await one.subscribe('again', { key: 'key-r', secret: 'secret-r' });
	await waitFor(() => statuses.length === 0, 'the third try');
	const tries = receiver.posts.filter((p) => p.path === '/retry');
	assert.equal(new Set(tries.map((p) => p.body)).size, 1);
	assert.ok(tries[1].at - tries[0].at >= 900 && tries[2].at - tries[1].at >= 1900, 'pauses of 1 and 2 s');
	assert.equal(receiver.posts.filter((p) => p.path === '/elsewhere').length, 0);
	await waitFor(async () => await push.metric('push_webhook_posts_total{result="retried"}') === 2, 'the counter');
	receiver.answer = () => 200;
});

test('a receiver that hangs delays neither publishing nor other receivers', async () => {
	receiver.answer = (post) => (post.path === '/hangs' ? 0 : 200);
	const one = await client('key-h');
	await Promise.all(Array.from({ length: 50 }, (_, i) => one.subscribe(`h${i}`, { key: 'key-h', secret: 'secret-h' })));
	await waitFor(() => receiver.posts.some((p) => p.path === '/hangs'), 'the post that hangs');
	const times = [];
	for (let i = 0; i < 50; i++) {
		const from = performance.now();
		assert.equal((await api(push, 'POST', '/apps/h/events', { body: { name: 'e', channel: 'h1', data: 'x' }, key: 'key-h', secret: 'secret-h' })).status, 200);
		times.push(performance.now() - from);
	}
	assert.ok(times.sort((a, b) => a - b)[45] < 500, `p90 ${times[45]} ms`);
	const other = await client();
	await other.subscribe('meanwhile', as);
	await waitFor(() => receiver.events('/all').some((e) => e.channel === 'meanwhile'), 'the other receiver', 5_000);
	receiver.answer = () => 200;
});

test('ten receivers that hang delay nobody else', async () => {
	const hanging = Array.from({ length: 10 }, (_, i) => ({ url: `${receiver.url}/hangs-${i}`, event_types: ['channel_occupied'] }));
	const mine = { url: `${receiver.url}/mine`, event_types: ['channel_occupied'] };
	receiver.answer = (post) => (post.path.startsWith('/hangs') ? 0 : 200);
	push.writeApps([{ id: 'm', key: 'key-m', secret: 'secret-m', webhooks: hanging }, { id: 'o', key: 'key-o', secret: 'secret-o', webhooks: [mine] }]);
	assert.match(await push.reload(), /^reloaded/);
	const [many, other] = [await client('key-m'), await client('key-o')];
	await Promise.all(Array.from({ length: 50 }, (_, i) => many.subscribe(`m${i}`, { key: 'key-m', secret: 'secret-m' })));
	await waitFor(() => hanging.every(({ url }) => receiver.posts.some((p) => url.endsWith(p.path))), 'each hangs');
	const from = Date.now();
	await Promise.all(Array.from({ length: 50 }, (_, i) => other.subscribe(`o${i}`, { key: 'key-o', secret: 'secret-o' })));
	await waitFor(() => receiver.events('/mine').length === 50, 'the other receiver', 5_000);
	assert.ok(Date.now() - from < 5000);
	assert.ok(hanging.every(({ url }) => receiver.posts.filter((p) => url.endsWith(p.path)).length === 1), 'one at a time to who has taken none yet');
	receiver.answer = () => 200;
});

test('an app without receivers sends nothing, and a reload gives it one', async () => {
	const from = receiver.posts.length;
	push.writeApps([{ id: 'x', key: 'key-x', secret: 'secret-x' }]);
	assert.match(await push.reload(), /^reloaded/);
	const one = await client('key-x');
	await one.subscribe('quiet', { key: 'key-x', secret: 'secret-x' });
	push.writeApps([{ id: 'x', key: 'key-x', secret: 'secret-x', webhooks: [{ url: `${receiver.url}/late` }] }]);
	assert.match(await push.reload(), /^reloaded/);
	await one.subscribe('loud', { key: 'key-x', secret: 'secret-x' });
	await waitFor(() => receiver.events('/late').length > 0, 'the event');
	assert.deepEqual(names(receiver.events('/late')), ['channel_occupied loud']);
	assert.ok(!receiver.posts.slice(from).some((p) => p.body.includes('quiet')));
});
