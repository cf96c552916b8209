/**
 * What the page does, without a screen: www/js/sync.js on pusher-js, the newest page when it opens, and then
 * history?after= for whatever a push did not bring. It does not poll. What it shows is built from the actions of sync.js alone, as thread.js does.
 *
 *   const connection = new PageConnection(system);     one socket, several chats
 *   const page = await connection.open('42');          subscribed, and the history is read
 *   page.shown()                                       [{ id, role, status, content }], in order
 *   await page.equalsTheStored()                       waits; throws with the difference
 *   connection.close()
 */
import assert from 'node:assert/strict';
import Pusher from 'pusher-js';

import { ChatSync } from '../../www/js/sync.js';
import { SLOW, waitFor } from './harness.mjs';

class Page {
	#sync = new ChatSync();
	#views = new Map();
	#order = [];
	#timers = new Set();
	#closed = false;
	fetches = 0;

	constructor(system, chatId) {
		Object.assign(this, { system, chatId, subscriptions: 0 });
	}

	listen(channel) {
		channel.bind_global((name, data) => {
			if (!name.startsWith('pusher'))
				this.#run(this.#sync.event(name, data, Date.now()));
		});
		channel.bind('pusher:subscription_succeeded', () => {
			this.subscriptions++;
			this.#run(this.#sync.subscribed());
		});
	}

	shown() {
		return this.#order.map((id) => {
			const { role, status } = this.#sync.messages.get(id);
			return { id, role, status, content: this.#views.get(id) };
		});
	}

	async stored() {
		const { messages } = await this.#get('history?after=0');
		return messages.sort((a, b) => a.createdAt.localeCompare(b.createdAt) || (b.id === a.parentId) - (a.id === b.parentId))
			.map(({ id, role, status, content }) => ({ id, role, status, content }));
	}

	/** For a chat without branches whose replies have ended. */
	async equalsTheStored(ms = 20_000 * SLOW) {
		const stored = await this.stored();
		await waitFor(() => JSON.stringify(this.shown()) === JSON.stringify(stored), `the page of ${this.chatId}`, ms)
			.catch(() => assert.deepEqual(this.shown(), stored));
		return stored;
	}

	close() {
		this.#closed = true;
		for (const timer of this.#timers)
			clearTimeout(timer);
	}

	/** A chat that nobody has written in yet is empty. */
	async #get(what) {
		const answer = await fetch(`${this.system.url}/api/chats/${this.chatId}/${what}`);
		if (answer.status === 404)
			return { seq: 0, messages: [], deleted: [], more: false };
		if (!answer.ok)
			throw new Error(`${what}: ${answer.status}`);
		return answer.json();
	}

	/** Does what sync.js asks for: the newest page ("open"), or what changed since ("fetch"). */
	async #fetch(action) {
		const isOpen = action.do === 'open';
		this.fetches++;
		const page = await this.#get(isOpen ? 'messages' : `history?after=${action.after}`).catch(() => null);
		if (this.#closed)
			return;
		const now = Date.now();
		this.#run(!page ? this.#sync.fetchFailed(now) : isOpen ? this.#sync.opened(page, now) : this.#sync.fetched(page, now));
	}

	#wake(at) {
		const timer = setTimeout(() => {
			this.#timers.delete(timer);
			this.#run(this.#sync.tick(Date.now()));
		}, Math.max(0, at - Date.now()));
		this.#timers.add(timer);
	}

	#run(actions) {
		for (const action of this.#closed ? [] : actions)
			switch (action.do) {
			case 'put': this.#views.set(action.message.id, action.message.content); break;
			case 'append': this.#views.set(action.id, this.#views.get(action.id) + action.text); break;
			case 'drop': this.#views.delete(action.id); break;
			case 'order': this.#order = action.ids; break;
			case 'open':
			case 'fetch': this.#fetch(action); break;
			case 'wake': this.#wake(action.at); break;
			default: break;
			}
	}
}

export class PageConnection {
	#pages = new Map();

	constructor(system) {
		this.system = system;
		const url = new URL(system.url);
		this.pusher = new Pusher('local', {
			wsHost: url.hostname, wsPort: Number(url.port), forceTLS: false, enabledTransports: ['ws'], cluster: 'unused',
		});
	}

	async open(chatId) {
		const page = new Page(this.system, chatId);
		this.#pages.set(chatId, page);
		page.listen(this.pusher.subscribe(`chat.${chatId}`));
		await waitFor(() => page.subscriptions > 0, `the subscription to chat.${chatId}`);
		return page;
	}

	leave(page) {
		page.close();
		this.#pages.delete(page.chatId);
		this.pusher.unsubscribe(`chat.${page.chatId}`);
	}

	close() {
		for (const page of this.#pages.values())
			page.close();
		this.pusher.disconnect();
	}
}
