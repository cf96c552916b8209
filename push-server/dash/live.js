/*
 * live.js - the feed of one app by WebSocket: as much of the Pusher protocol as that needs.
 *
 * Comes back by itself, later each time. A page that is hidden for long keeps its connection: it costs a status a second.
 */
import { post } from './api.js';

const FIRST_MS = 500, MOST_MS = 10_000;

export class Live {
	#socket = null;
	#timer = 0;
	#wait = FIRST_MS;
	#key = '';
	#channel = '';

	/** on: { state('connecting' | 'live' | 'gone'), lost() (asked to sign in again), feed(data), status(data) } */
	constructor(on) {
		this.on = on;
	}

	open(key, channel) {
		this.close();
		this.#key = key;
		this.#channel = channel;
		this.#connect();
	}

	close() {
		clearTimeout(this.#timer);
		const socket = this.#socket;
		this.#socket = null;
		socket?.close();
	}

	#connect() {
		const url = new URL(`../app/${this.#key}?protocol=7&client=dashboard`, location.href);
		url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
		const socket = new WebSocket(url);
		this.#socket = socket;
		this.on.state('connecting');
		socket.onmessage = ({ data }) => {
			if (socket === this.#socket)
				this.#take(JSON.parse(data));
		};
		socket.onclose = () => {
			if (socket !== this.#socket)
				return;
			this.on.state('gone');
			this.#timer = setTimeout(() => this.on.lost(), this.#wait * (0.75 + Math.random() / 2));
			this.#wait = Math.min(this.#wait * 2, MOST_MS);
		};
	}

	#send(event, data) {
		this.#socket.send(JSON.stringify({ event, data }));
	}

	async #subscribe(socketId) {
		const socket = this.#socket, channel = this.#channel;
		try {
			const { auth } = await post('auth', { socket_id: socketId, channel_name: channel });
			if (socket === this.#socket && socket.readyState === WebSocket.OPEN)
				this.#send('pusher:subscribe', { channel, auth });
		} catch {
			socket.close();
		}
	}

	#take({ event, data }) {
		if (event === 'pusher:connection_established')
			this.#subscribe(JSON.parse(data).socket_id);
		else if (event === 'pusher:ping')
			this.#send('pusher:pong', {});
		else if (event === 'pusher_internal:subscription_succeeded') {
			this.#wait = FIRST_MS;
			this.on.state('live');
		} else if (event === 'feed' || event === 'status')
			this.on[event](data);
	}
}
