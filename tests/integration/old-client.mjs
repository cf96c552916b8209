/** A client as it was written for the Laravel system: laravel-echo on pusher-js, and a POST. */
import Echo from 'laravel-echo';
import Pusher from 'pusher-js';

import { postJson, waitFor } from './harness.mjs';

export class OldClient {
	constructor(system, chatId) {
		const url = new URL(system.url);
		this.system = system;
		this.chatId = chatId;
		this.sent = []; // MessageSent, in order
		this.names = []; // all events of the channel, in order
		this.pusher = new Pusher('local', {
			wsHost: url.hostname, wsPort: Number(url.port), forceTLS: false,
			enabledTransports: ['ws'], cluster: 'unused',
		});
		this.echo = new Echo({ broadcaster: 'pusher', client: this.pusher });
	}

	async subscribe() {
		let subscribed = false;
		const channel = this.echo.channel(`chat.${this.chatId}`);
		channel.listen('MessageSent', (e) => this.sent.push(e));
		channel.subscribed(() => { subscribed = true; });
		this.pusher.channel(`chat.${this.chatId}`).bind_global((name) => this.names.push(name));
		await waitFor(() => subscribed, 'the subscription');
		return this;
	}

	/** Posts and waits for the reply to it. */
	async send(messages) {
		const seen = this.sent.length;
		const answer = await postJson(`${this.system.url}/api/send-message`, { messages, chatId: this.chatId });
		if (answer.status !== 202)
			throw new Error(`${answer.status} ${await answer.text()}`);
		await waitFor(() => this.sent.length > seen, 'MessageSent');
		return this.sent[seen];
	}

	async history() {
		return (await fetch(`${this.system.url}/api/chats/${this.chatId}/history`)).json();
	}

	close() {
		this.pusher.disconnect();
	}
}
