/**
 * Pusher's own browser library against a push server of push.mjs, in three generations, and Laravel's
 * Echo on top of it. Signatures are made here, as an application's /broadcasting/auth makes them.
 *
 *   const client = connect(push, { version: '7.6.0', user: { id: 'u1' }, tls: true });
 *   await connected(client);
 *   const channel = await subscribed(client, 'private-x');
 *   await disconnectAll(push)
 */
import { createHash, createHmac } from 'node:crypto';

import Echo from 'laravel-echo';
import PusherServer from 'pusher';
import Pusher8 from 'pusher-js';
import Pusher4 from 'pusher-js-4';
import Pusher7 from 'pusher-js-7';

import { waitFor } from './harness.mjs';

export const generations = { '4.4.0': Pusher4, '7.6.0': Pusher7, '8.6.0': Pusher8 };
export const MASTER_KEY = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';

const open = new Set();
const hmac = (secret, text) => createHmac('sha256', secret).update(text).digest('hex');

/** For both ways to connect. The certificate is made for the test. */
export const ways = [false, true].map((tls) => ({ tls, how: tls ? 'over TLS' : 'in the clear' }));
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';

/** What an application answers to a client that wants to join channel. */
export function authorise(channel, socketId, { member, key = 'local', secret = 'local' } = {}) {
	const isPresence = channel.startsWith('presence-') && member !== undefined;
	const channel_data = isPresence ? JSON.stringify(member) : undefined;
	const auth = `${key}:${hmac(secret, `${socketId}:${channel}${isPresence ? `:${channel_data}` : ''}`)}`;
	const shared_secret = channel.startsWith('private-encrypted-')
		? createHash('sha256').update(channel).update(Buffer.from(MASTER_KEY, 'base64')).digest('base64') : undefined;
	return { auth, channel_data, shared_secret };
}

/** member: of presence channels; user: of signin(); answer: overrides what authorise() says. */
export function connect(push, { version = '8.6.0', member, user, key = 'local', secret = 'local', tls = false, answer, ...options } = {}) {
	const Pusher = generations[version];
	const client = new Pusher(key, {
		wsHost: '127.0.0.1', wsPort: push.port, wssPort: push.tlsPort, forceTLS: tls, cluster: 'none', disableStats: true,
		enabledTransports: ['ws'], // with forceTLS that is wss
		authorizer: (channel) => ({
			authorize: (socketId, done) => done(null, answer ?? authorise(channel.name, socketId, { member, key, secret })),
		}),
		userAuthentication: {
			customHandler: ({ socketId }, done) => {
				const user_data = JSON.stringify(user);
				done(null, { auth: `${key}:${hmac(secret, `${socketId}::user::${user_data}`)}`, user_data });
			},
		},
		...options,
	});
	open.add(client);
	return client;
}

export async function connected(client) {
	await waitFor(() => client.connection.state === 'connected', 'the connection');
	return client;
}

/** The channel, once the server has let us in. Everything that comes is in channel.heard: [name, data]. */
export async function subscribed(client, name) {
	const channel = client.subscribe(name);
	channel.heard = [];
	channel.bind_global((event, data) => channel.heard.push([event, data]));
	await waitFor(() => channel.subscribed, `the subscription to ${name}`);
	return channel;
}

/** The data of the events of that name, once there are count. */
export async function heard(channel, event, count = 1) {
	const all = () => channel.heard.filter(([name]) => name === event).map(([, data]) => data);
	await waitFor(() => all().length >= count, `${count} ${event}`);
	return all();
}

export const echoOn = (client) => new Echo({ broadcaster: 'pusher', client });

/** Pusher's library for back ends. */
export const serverOf = (push, { tls = false, ...options } = {}) => new PusherServer({
	appId: 'local', key: 'local', secret: 'local', host: '127.0.0.1', port: String(tls ? push.tlsPort : push.port), useTLS: tls,
	encryptionMasterKeyBase64: MASTER_KEY, ...options,
});

/** Of the test that ends; the next one starts when the servers have seen it. */
export async function disconnectAll(...servers) {
	for (const client of open)
		client.disconnect();
	open.clear();
	for (const push of servers)
		await waitFor(async () => await push.metric('push_connections') === 0, 'all have gone');
}
