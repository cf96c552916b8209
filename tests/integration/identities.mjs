/** For tests: people who come with a cookie, a JWT or an API token, and raw requests. */
import { createHmac } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { request } from 'node:http';
import { join } from 'node:path';

export const SECRET = 'a-secret-that-signs-jwts-0123456789';

const part = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
export const seconds = (from = 0) => Math.floor(Date.now() / 1000) + from;

/** A JWT; header and claims may be anything. secret null: no signature. */
export function jwt(claims = {}, { header = {}, secret = SECRET, hash = 'sha256' } = {}) {
	const text = `${part({ alg: 'HS256', typ: 'JWT', ...header })}.${part(typeof claims === 'string' ? claims : { sub: 'ana', exp: seconds(3600), ...claims })}`;
	return `${text}.${secret === null ? '' : createHmac(hash, secret).update(text).digest('base64url')}`;
}

/** One request without any of fetch's own headers and rules: { status, headers, text, json }. */
export function raw(system, method, path, { headers = {}, body = '' } = {}) {
	const url = new URL(system.url);
	const bytes = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
	const all = { ...(bytes.length > 0 && typeof body === 'object' && !Buffer.isBuffer(body) ? { 'content-type': 'application/json' } : {}), 'content-length': bytes.length, ...headers };
	return new Promise((done, fail) => {
		const r = request({ host: url.hostname, port: url.port, method, path, headers: all }, (answer) => {
			const chunks = [];
			answer.on('data', (c) => chunks.push(c)).on('error', fail).on('end', () => {
				const text = Buffer.concat(chunks).toString();
				let json;
				try { json = JSON.parse(text); } catch { /* none */ }
				done({ status: answer.statusCode, headers: answer.headers, text, json });
			});
		});
		r.on('error', fail);
		r.end(bytes);
	});
}

/** Somebody: headers that say who, and requests with them. */
export class Person {
	constructor(system, headers = {}) {
		Object.assign(this, { system, headers });
	}

	static withJwt(system, claims) {
		return new Person(system, { authorization: `Bearer ${jwt(claims)}` });
	}

	static async withSession(system, name, headers = {}) {
		const answer = await raw(system, 'POST', '/api/session', { body: name === undefined ? {} : { name }, headers });
		if (answer.status !== 201)
			throw new Error(`POST /api/session: ${answer.status} ${answer.text}`);
		return Object.assign(new Person(system, { cookie: answer.headers['set-cookie'][0].split(';')[0] }), { started: answer });
	}

	call(method, path, body = '', headers = {}) {
		return raw(this.system, method, path, { body, headers: { ...this.headers, ...headers } });
	}

	/** A private chat of their own: its id. */
	async chat(title = 'a chat') {
		const answer = await this.call('POST', '/api/chats', { title });
		if (answer.status !== 201)
			throw new Error(`POST /api/chats: ${answer.status} ${answer.text}`);
		return answer.json.chatId;
	}

	/** Invites other into the chat. */
	async invite(chatId, other) {
		const share = await this.call('POST', `/api/chats/${chatId}/share`);
		const join = await other.call('POST', '/api/join', { token: share.json.token });
		if (join.status !== 200)
			throw new Error(`POST /api/join: ${join.status} ${join.text}`);
		return share.json;
	}

	say(chatId, content, headers = {}) {
		return this.call('POST', '/api/send-message', { chatId, messages: [{ role: 'user', content }] }, headers);
	}

	history(chatId) {
		return this.call('GET', `/api/chats/${encodeURIComponent(chatId)}/history`);
	}

	auth(channel, socketId = '123.456') {
		return this.call('POST', '/broadcasting/auth', `socket_id=${socketId}&channel_name=${encodeURIComponent(channel)}`,
			{ 'content-type': 'application/x-www-form-urlencoded' });
	}
}

/** fcgi-app as a command, with the settings of the system. */
export const command = (system, ...args) => execFileSync(join(system.place.bin, 'fcgi-app'), [...args, '--env', system.place.envFile],
	{ encoding: 'utf8', cwd: system.place.dir, ...system.place.user });
