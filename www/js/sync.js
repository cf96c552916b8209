/*
 * sync.js - keeps one chat equal to the server's, whatever the network does. Pure: events, pages and the time go in; a
 * list of actions comes out. No DOM, no timers, no fetch, so that node can test it.
 *
 * A chat begins with the newest page of its branch (GET messages), which says up to which change it reaches; what stands
 * above comes when somebody scrolls there. From then on every change has a number (seq). A push says which numbers it
 * covers, (prev, seq]; GET history?after=N gives every message changed after N, with its whole text. From that:
 *   seq <  have   old news, dropped                prev <= have   applied
 *   seq == have   applied again: idempotent        prev >  have   a gap: wait GAP_MS for the missing one, then fetch
 * Pushes that arrive during a fetch wait for it. A delta carries its place in the text (offset, UTF-16 units), so a
 * merged delta that overlaps what is there adds only the new part.
 *
 * Actions: {do:'put', message}  {do:'append', id, text}  {do:'drop', id}  {do:'chat', chat: what changed of it}
 *          {do:'order', ids: the branch that is shown, branches: Map of id -> its siblings' ids, where there are several}
 *          {do:'open'}: answer with opened() or fetchFailed()   {do:'fetch', after}: with fetched() or fetchFailed()
 *          {do:'wake', at}: call tick() then
 */
import { Tree } from './tree.js';

export const GAP_MS = 300;
const HELD_MAX = 1000;            // pushes that may wait; beyond it they are dropped and fetched
const BACKOFF_MS = [1000, 2000, 4000, 8000, 15000];

const DONE = true, ASK = false;   // what an event can come to: applied, or only history after its prev can tell

const STATUS_OF_REASON = { stop: 'complete', length: 'truncated', blocked: 'blocked', cancelled: 'stopped', error: 'error' };

export const isRunning = (status) => status === 'queued' || status === 'streaming';

export class ChatSync {
	#out = [];
	#reorder = false;
	#held = [];               // pushes that wait for a gap or a fetch
	#gapSince = null;
	#gaps = 0;                // gaps in a row: the wait doubles
	#fetching = false;
	#again = false;           // something happened during a fetch that needs another one
	#page = 'all';            // the newest page is needed: 'all' = and nothing else counts, 'head' = the branch is unknown, null
	#lostHead = null;         // a head that even the newest page lacks
	#failures = 0;
	#retryAt = null;
	#promised = 0;            // seq of our own sends: we must reach it
	#tree = new Tree();

	have = 0;                 // every change up to here is in messages
	epoch = null;             // differs once the server restored a backup

	/* --- inputs ---------------------------------------------------------------------------------------------------- */

	/** The channel is subscribed (again): whatever was pushed meanwhile is lost, so ask. */
	subscribed() {
		this.#retryAt = null;
		this.#fetch();
		return this.#take();
	}

	/** Ask without a reason of our own. Polling waits for the next try after a failure; a network that is back does not. */
	poll({ now = false } = {}) {
		if (now)
			this.#retryAt = null;
		if (!this.#fetching)
			this.#fetch();
		return this.#take();
	}

	event(name, data, now) {
		if (!Number.isSafeInteger(data?.seq))
			return [];
		if (this.#held.length >= HELD_MAX) {
			this.#held = [];
			this.#fetch();
		}
		this.#held.push({ name, data, prev: data.prev ?? data.seq - 1, seq: data.seq });
		this.#drain(now);
		return this.#take();
	}

	/** The newest page of the branch. A chat that does not exist yet is {seq: 0, messages: []}. */
	opened(page, now) {
		this.#failures = 0;
		this.#fetching = false;
		if (this.#page === 'all') {
			this.#dropGhosts(new Set(page.messages.map((m) => m.id)));
			this.have = page.seq;
			this.epoch = null;                           // the next history tells it
		}
		this.#page = null;
		page.messages.forEach((m) => this.#put(m));
		this.#setHead(page.headId);
		this.#lostHead = this.messages.has(page.headId) ? null : page.headId ?? null;
		this.#settle(now);
		return this.#take();
	}

	/** One page of history. */
	fetched(page, now) {
		this.#failures = 0;
		this.#fetching = false;
		const restored = this.epoch !== null && page.epoch !== undefined && page.epoch !== this.epoch;
		this.epoch = page.epoch ?? this.epoch;
		if (page.reset || restored) {
			this.#page = 'all';
			this.#promised = 0;
			this.#fetch();
			return this.#take();
		}
		this.#takePage(page);
		if (page.more)
			this.#fetch();
		this.#settle(now);
		return this.#take();
	}

	/** What stands above the first message that is shown. */
	older(page) {
		for (const m of page.messages)
			if (!this.messages.has(m.id))
				this.#put(m);
			else if (m.siblings)
				this.#reorder = this.#tree.noteSiblings(m) || this.#reorder;
		return this.#take();
	}

	fetchFailed(now) {
		this.#fetching = false;
		this.#retryAt = now + BACKOFF_MS[Math.min(this.#failures++, BACKOFF_MS.length - 1)];
		this.#wake(this.#retryAt);
		return this.#take();
	}

	/**
	 * Our POST was accepted: a turn, another answer to one that is there, or a turn said anew (then beside is the old one).
	 * Its ids are shown at once; the truth about them comes by push or history.
	 */
	sent(receipt, text, now, beside = null) {
		const { messageId, replyId, seq } = receipt;
		const parentId = beside ? this.messages.get(beside)?.parentId ?? null : this.head;
		if (!this.messages.has(messageId))
			this.#put({ id: messageId, parentId, role: 'user', content: text, status: 'complete', mine: true, provisional: true });
		if (replyId && !this.messages.has(replyId)) {
			this.#put({ id: replyId, parentId: messageId, role: 'assistant', content: '', status: 'queued', provisional: true });
			this.#setHead(replyId);
		}
		this.#promised = Math.max(this.#promised, seq ?? 0);
		this.#noteGap(now);
		return this.#take();
	}

	/** Another branch was chosen here; head is its end, which may not be known yet. */
	chose(head, seq, now) {
		this.#promised = Math.max(this.#promised, seq ?? 0);
		this.#setHead(head);
		this.#settle(now);
		return this.#take();
	}

	/** The time of a wake action has come, or nearly: timers run early by a millisecond, and then are asked for again. */
	tick(now) {
		const gapEnds = this.#gapSince === null ? null : this.#gapSince + this.#patience();
		if (this.#retryAt !== null && now >= this.#retryAt) {
			this.#retryAt = null;
			this.#fetch();
		} else if (gapEnds !== null && now >= gapEnds) {
			this.#gaps++;
			this.#fetch();
		} else if (this.#retryAt !== null || gapEnds !== null) {
			this.#wake(Math.min(this.#retryAt ?? Infinity, gapEnds ?? Infinity));
		}
		return this.#take();
	}

	get running() {
		for (const m of this.messages.values())
			if (isRunning(m.status))
				return true;
		return false;
	}

	get messages() { return this.#tree.messages; }
	get head() { return this.#tree.head; }

	/** The first message that is shown, if something stands above it that we do not have. */
	get above() { return this.#tree.above; }

	path() { return this.#tree.path(); }

	/* --- gaps and fetches -------------------------------------------------------------------------------------------- */

	#fetch() {
		this.#gapSince = null;
		if (this.#retryAt !== null)
			return;
		if (this.#fetching) {
			this.#again = true;
			return;
		}
		this.#fetching = true;
		this.#again = false;
		this.#out.push(this.#page ? { do: 'open' } : { do: 'fetch', after: this.have });
	}

	#takePage(page) {
		for (const m of page.messages)
			this.#put(m);
		for (const id of page.deleted ?? [])
			this.#drop(id);
		if (page.chat)
			this.#out.push({ do: 'chat', chat: page.chat });
		this.#setHead(page.headId);
		this.have = Math.max(this.have, page.seq);
	}

	/** After whatever may have moved the head: its branch must be known. Then what waited. */
	#settle(now) {
		if (!this.#fetching) {
			if (this.head !== null && !this.messages.has(this.head) && this.head !== this.#lostHead)
				this.#page ??= 'head';
			if (this.#page || this.#again)
				this.#fetch();
		}
		this.#drain(now);
	}

	#dropGhosts(whole) {
		for (const m of [...this.messages.values()])
			if (!whole.has(m.id) && !m.provisional)
				this.#drop(m.id);
	}

	#drain(now) {
		this.#held.sort((a, b) => a.prev - b.prev || a.seq - b.seq);
		while (!this.#fetching && this.#held.length > 0 && this.#held[0].prev <= this.have) {
			const e = this.#held.shift();
			if (e.seq < this.have)
				continue;
			if (this.#apply(e.name, e.data) === DONE) {
				this.have = e.seq;
			} else {
				this.have = Math.min(this.have, e.prev);
				this.#fetch();
			}
		}
		this.#noteGap(now);
	}

	#patience() {
		return GAP_MS * 2 ** Math.min(this.#gaps, 6);
	}

	#noteGap(now) {
		if (this.#fetching)
			return;
		if (this.#held.length === 0 && this.#promised <= this.have) {
			this.#gapSince = null;
			this.#gaps = 0;
		} else if (this.#gapSince === null) {
			this.#gapSince = now;
			this.#wake(now + this.#patience());
		}
	}

	/* --- events ------------------------------------------------------------------------------------------------------- */

	#apply(name, d) {
		switch (name) {
		case 'message_created':
		case 'message_edited': return this.#onMessage(d.message);
		case 'App\\Events\\MessageSent': return this.#onMessageSent(d);
		case 'job_queued': return this.#onQueued(d);
		case 'stream_start': return this.#onStart(d);
		case 'text_delta': return this.#onDelta(d);
		case 'stream_end': return this.#onEnd(d);
		case 'error': return this.#onError(d);
		case 'message_reset': return this.#onReset(d);
		case 'message_deleted': return this.#onDeleted(d);
		case 'chat_updated': return this.#onChat(d);
		case 'reasoning_delta': return DONE;
		default: return ASK;
		}
	}

	#onMessage(m) {
		if (typeof m?.id !== 'string' || typeof m.content !== 'string')
			return ASK;
		const known = this.messages.has(m.id);
		this.#put(m);
		if (!known)
			this.#setHead(m.id);
		return DONE;
	}

	/** The end of a reply, with its whole text; or with its beginning, if it was too long for a push. */
	#onMessageSent({ message: m, truncated, seq }) {
		const old = this.messages.get(m?.id);
		if (!truncated)
			return this.#onMessage(m);
		if (old?.changedSeq >= seq)
			return DONE;                             // history was faster
		if (!old?.ended)
			return ASK;
		this.#put({ ...m, content: old.content });
		return DONE;
	}

	#onQueued(d) {
		const m = this.#reply(d);
		if (m && isRunning(m.status))
			this.#change(m, { status: 'queued', position: d.position });
		return m ? DONE : ASK;
	}

	#onStart(d) {
		const m = this.#reply(d);
		if (m && isRunning(m.status))
			this.#change(m, { status: 'streaming', waiting: undefined });
		return m ? DONE : ASK;
	}

	#onDelta(d) {
		const m = this.#reply(d);
		if (!m || typeof d.delta !== 'string' || d.offset > m.content.length)
			return ASK;
		if (!isRunning(m.status))
			return DONE;
		if (m.status !== 'streaming' || m.waiting)
			this.#change(m, { status: 'streaming', waiting: undefined });
		const text = d.delta.slice(m.content.length - d.offset);
		if (text) {
			const now = this.messages.get(m.id);
			this.messages.set(m.id, { ...now, content: now.content + text });
			this.#out.push({ do: 'append', id: m.id, text });
		}
		return DONE;
	}

	#onEnd(d) {
		const m = this.messages.get(d.message_id);
		if (!m)
			return ASK;
		if (!isRunning(m.status))
			return DONE;
		if (d.length !== undefined && d.length !== m.content.length)
			return ASK;
		this.#change(m, { status: STATUS_OF_REASON[d.reason] ?? 'complete', usage: d.usage, ended: true, waiting: undefined });
		return DONE;
	}

	/** recoverable: the server will try again by itself. Else the reply is over, and MessageSent brings its last text. */
	#onError(d) {
		const m = this.messages.get(d.message_id);
		if (!m)
			return d.message_id === undefined ? DONE : ASK;
		if (!isRunning(m.status))
			return DONE;
		const error = { type: d.error_type, message: d.message };
		if (d.recoverable)
			this.#change(m, { waiting: { ...error, ms: d.retry_in_ms } });
		else
			this.#change(m, { status: d.error_type === 'blocked' ? 'blocked' : 'error', error, waiting: undefined });
		return DONE;
	}

	#onReset(d) {
		const m = this.messages.get(d.message_id);
		if (!m)
			return ASK;
		this.#change(m, { content: '', status: 'streaming', ended: undefined, error: undefined });
		return DONE;
	}

	#onDeleted(d) {
		for (const id of d.ids ?? [d.message_id])
			this.#drop(id);
		return DONE;
	}

	#onChat({ title, visibility, model, deleted, head_id: head }) {
		if (title !== undefined || visibility !== undefined || deleted !== undefined)
			this.#out.push({ do: 'chat', chat: { title, visibility, model, deleted } });
		if (head && !this.messages.has(head))
			return ASK;
		this.#setHead(head);
		return DONE;
	}

	/** The reply that an event speaks of. The first event of one that we never saw hangs it under the last question. */
	#reply(d) {
		const known = this.messages.get(d.message_id);
		const parentId = d.parent_id ?? this.head;
		if (known || typeof d.message_id !== 'string' || this.messages.get(parentId)?.role !== 'user')
			return known;
		this.#put({ id: d.message_id, parentId, role: 'assistant', content: '', status: 'queued' });
		this.#setHead(d.message_id);
		return this.messages.get(d.message_id);
	}

	/* --- the tree of messages -------------------------------------------------------------------------------------------- */

	#put(m) {
		this.#reorder = this.#tree.put(m) || this.#reorder;
		this.#out.push({ do: 'put', message: this.messages.get(m.id) });
	}

	#change(m, fields) {
		this.#put({ ...m, provisional: undefined, ...fields });
	}

	#drop(id) {
		const m = this.messages.get(id);
		if (!m)
			return;
		this.#tree.drop(m);
		this.#reorder = true;
		this.#out.push({ do: 'drop', id });
	}

	#setHead(id) {
		if (!id || id === this.head)
			return;
		this.#tree.head = id;
		this.#reorder = true;
	}

	/* --- out ----------------------------------------------------------------------------------------------------------------- */

	#wake(at) {
		this.#out.push({ do: 'wake', at });
	}

	#take() {
		if (this.#reorder) {
			this.#reorder = false;
			const ids = this.path();
			const branches = new Map(ids.map((id) => [id, this.#tree.siblings(id)]).filter(([, all]) => all.length > 1));
			this.#out.push({ do: 'order', ids, branches });
		}
		const out = this.#out;
		this.#out = [];
		return out;
	}
}
