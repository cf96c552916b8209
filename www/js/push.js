/*
 * push.js - one connection to the push server by pusher-js, with what that library lacks:
 *   - it retries a lost socket after a flat second, all clients of a restarted server at once: here with jitter and growth,
 *     and at once when the network or the tab comes back;
 *   - it says "connected" during that second, and gives up for ever on some close codes: state() tells what is.
 * States: 'off' (no push here, or refused for good), 'connecting', 'live'.
 */
const ACTIVITY_MS = 30000, PONG_MS = 8000, UNAVAILABLE_MS = 6000;
const RETRY_MIN_MS = 200, RETRY_CAP_MS = 6000, RETRY_HIDDEN_CAP_MS = 30000;

/** null means the page's own host, port or scheme, through the web server's proxy. */
function target({ host, port, scheme, path }) {
	const tls = (scheme ?? location.protocol.slice(0, -1)) === 'https';
	const own = location.port ? Number(location.port) : (location.protocol === 'https:' ? 443 : 80);
	return { tls, host: host ?? location.hostname, port: port ?? own, path: path ?? '' };
}

export class Push {
	/** config: what /api/config says of push. onState() is called when state changed. */
	constructor(config, onState) {
		this.state = 'off';
		this.onState = onState;
		this.tries = 0;
		this.timer = 0;
		if (config?.enabled && window.Pusher)
			this.#open(config);
	}

	/** on.event(name, data) for each event of the channel; on.subscribed() now and after each reconnection. */
	subscribe(name, on) {
		if (!this.pusher)
			return;
		const channel = this.pusher.subscribe(name);
		channel.bind_global((event, data) => {
			if (!event.startsWith('pusher'))
				on.event(event, data);
		});
		channel.bind('pusher:subscription_succeeded', () => { on.subscribed(); this.#set('live'); });
	}

	unsubscribe(name) {
		const channel = this.pusher?.channel(name);
		channel?.unbind_all().unbind_global();
		this.pusher?.unsubscribe(name);
	}

	#open(config) {
		const { tls, host, port, path } = target(config);
		this.pusher = new window.Pusher(config.key, {
			cluster: 'self', wsHost: host, wsPort: port, wssPort: port, wsPath: path, forceTLS: tls,
			enabledTransports: ['ws', 'wss'],        // else it loads SockJS from elsewhere
			activityTimeout: ACTIVITY_MS, pongTimeout: PONG_MS, unavailableTimeout: UNAVAILABLE_MS,
		});
		this.#set('connecting');
		const { connection } = this.pusher;
		connection.bind('connecting_in', () => this.#later());
		connection.bind('state_change', ({ current }) => this.#onState(current));
		addEventListener('online', () => this.#now());
		document.addEventListener('visibilitychange', () => { if (!document.hidden) this.#now(); });
	}

	#onState(current) {
		if (current === 'connected') {
			this.tries = 0;
			clearTimeout(this.timer);
			this.timer = 0;
			this.#set('live');
		} else if (current === 'unavailable') {
			this.#later();
		} else if (current === 'failed' || (current === 'disconnected' && !this.timer)) {
			this.#set('off');
		} else {
			this.#set('connecting');
		}
	}

	/** 'connecting_in' comes before pusher-js sets its own timer; disconnect() in a later task clears that one. */
	#later() {
		setTimeout(() => {
			if (this.timer)
				return;
			const cap = document.hidden ? RETRY_HIDDEN_CAP_MS : RETRY_CAP_MS;
			const wait = RETRY_MIN_MS + Math.random() * Math.min(cap, 1000 * 2 ** this.tries++);
			this.timer = setTimeout(() => this.#now(), wait);
			this.pusher.disconnect();
			this.#set('connecting');
		}, 0);
	}

	#now() {
		if (!this.timer)
			return;
		clearTimeout(this.timer);
		this.timer = 0;
		this.pusher.connect();
	}

	#set(state) {
		if (state === this.state)
			return;
		this.state = state;
		this.onState();
	}
}
