/*
 * push.js - one connection to the push server by pusher-js, with what that library lacks:
 *   - it retries a lost socket after a flat second, all clients of a restarted server at once: here with jitter and growth,
 *     and at once when the network or the tab comes back;
 *   - it says "connected" during that second, and gives up for ever on some close codes: state tells what is;
 *   - it sets two timers where the server closes with 4100 to 4299, and forgets the first, which then cuts the new connection;
 *   - it never asks again for a channel whose authorisation failed because the server was away: here with jitter.
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

const wait = (tries) => RETRY_MIN_MS + Math.random() * Math.min(document.hidden ? RETRY_HIDDEN_CAP_MS : RETRY_CAP_MS, 1000 * 2 ** tries);

export class Push {
	/** config: what /api/config says of push. onState() is called when state changed. */
	constructor(config, onState) {
		this.state = 'off';
		this.onState = onState;
		this.tries = 0;
		this.timer = 0;
		this.canTell = config?.clientEvents === true;     // may members tell each other that they write?
		if (config?.enabled && window.Pusher)
			this.#open(config);
	}

	/**
	 * on.event(name, data) for each event of the channel; on.subscribed(members) now and after each reconnection;
	 * on.members(members) when they change: [{id, name, me}]; on.told(id): somebody writes; on.refused(status).
	 */
	subscribe(name, on) {
		if (!this.pusher)
			return;
		const channel = this.pusher.subscribe(name);
		const sub = { on, tries: 0, timer: 0 };
		channel.charla = sub;
		channel.bind_global((event, data) => {
			if (!event.startsWith('pusher') && !event.startsWith('client-'))
				on.event(event, data);
		});
		const members = () => on.members(membersOf(channel));
		channel.bind('pusher:subscription_succeeded', () => { sub.tries = 0; members(); on.subscribed(); });
		channel.bind('pusher:member_added', members);
		channel.bind('pusher:member_removed', members);
		channel.bind('pusher:subscription_error', ({ status }) => this.#onRefused(channel, sub, status ?? 0));
		channel.bind('client-typing', (data, meta) => on.told(meta?.user_id));
	}

	unsubscribe(name) {
		const channel = this.pusher?.channel(name);
		if (!channel)
			return;
		clearTimeout(channel.charla?.timer);
		channel.unbind_all().unbind_global();
		this.pusher.unsubscribe(name);
	}

	/** Tells the members of a channel that we write, where the app lets clients do that. */
	tell(name) {
		const channel = this.canTell && this.pusher?.channel(name);
		if (channel?.subscribed)
			channel.trigger('client-typing', {});
	}

	#onRefused(channel, sub, status) {
		if (status > 0 && status < 500 && status !== 429) {
			sub.on.refused(status);
			return;
		}
		clearTimeout(sub.timer);
		sub.timer = setTimeout(() => { if (this.state === 'live') channel.subscribe(); }, wait(++sub.tries));
	}

	#open(config) {
		const { tls, host, port, path } = target(config);
		this.pusher = new window.Pusher(config.key, {
			cluster: 'self', wsHost: host, wsPort: port, wssPort: port, wsPath: path, forceTLS: tls,
			enabledTransports: ['ws', 'wss'],        // else it loads SockJS from elsewhere
			activityTimeout: ACTIVITY_MS, pongTimeout: PONG_MS, unavailableTimeout: UNAVAILABLE_MS,
			channelAuthorization: { endpoint: new URL('broadcasting/auth', document.baseURI).href, transport: 'ajax' },
		});
		this.#set('connecting');
		const { connection } = this.pusher;
		connection.retryIn = () => this.#later();        // instead of its own timers
		connection.bind('state_change', ({ current }) => this.#onState(current));
		connection.bind('error', ({ error }) => { if (error?.data?.code === 4301) this.canTell = false; });
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

	/** In a later task: pusher-js is in the middle of what made it lose the connection. */
	#later() {
		setTimeout(() => {
			if (this.timer)
				return;
			this.timer = setTimeout(() => this.#now(), wait(this.tries++));
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

function membersOf(channel) {
	const list = [];
	channel.members?.each(({ id, info }) => list.push({ id, name: info?.name ?? null, me: id === channel.members.myID }));
	return list;
}

/* --- what the pill and the banner say. Pure: facts in, keys out ---------------------------------------------------------- */

export const BANNER_AFTER_MS = 2000;
export const PATIENCE_MS = 6000;  // push that connects for longer: say that the page polls
export const WITH_BANNER = new Set(['offline', 'down']);

/** online: has the device a network. reachable: did the API answer last. push: the state above, since ms ago. */
export function connectionState({ online, reachable, push, since }) {
	if (!online)
		return 'offline';
	if (!reachable)
		return 'down';
	if (push === 'live')
		return 'live';
	return push === 'connecting' && since < PATIENCE_MS ? 'connecting' : 'polling';
}
