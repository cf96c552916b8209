/**
 * What the page does, without a screen: www/js/sync.js, pusher-js, and history?after= for whatever a push did not
 * bring. It does not poll. What it shows is built from the actions of sync.js alone, as thread.js does.
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
import { waitFor } from './harness.mjs';

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
		const { messages } = await this.#history(0);
		return messages.sort((a, b) => a.createdAt.localeCompare(b.createdAt) || (b.id === a.parentId) - (a.id === b.parentId))
			.map(({ id, role, status, content }) => ({ id, role, status, content }));
	}

	/** For a chat without branches whose replies have ended. */
	async equalsTheStored(ms = 20_000) {
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

	async #history(after) {
		const answer = await fetch(`${this.system.url}/api/chats/${this.chatId}/history?after=${after}`);
		if (answer.status === 404)
			return { seq: 0, messages: [], deleted: [], more: false, reset: after > 0 };
		if (!answer.ok)
			throw new Error(`history: ${answer.status}`);
		return answer.json();
	}

	async #fetch(after) {
		this.fetches++;
		const page = await this.#history(after).catch(() => null);
		if (!this.#closed)
			this.#run(page ? this.#sync.fetched(page, Date.now()) : this.#sync.fetchFailed(Date.now()));
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
			case 'fetch': this.#fetch(action.after); break;
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
