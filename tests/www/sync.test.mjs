/*
 * The page's text equals the database, whatever the network drops, doubles, delays or reorders.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChatSync, GAP_MS, isRunning } from '../../www/js/sync.js';

/* --- a small server: the truth, and the events that it would push ---------------------------------------------------- */

class Truth {
	seq = 0;
	head = null;
	epoch = 'e1';
	messages = new Map();
	tombstones = [];
	count = 0;

	#commit(m, fields = {}) {
		const prev = this.seq;
		Object.assign(m, fields, { changedSeq: ++this.seq });
		this.messages.set(m.id, m);
		return { prev, seq: this.seq };
	}

	row(m) {
		return { ...m, length: m.content.length };
	}

	/** One transaction: question and reply, a number and an event each. */
	ask(text) {
		const user = { id: `u${++this.count}`, parentId: this.head, role: 'user', content: text, status: 'complete', createdAt: stamp(this.count) };
		const created = ['message_created', { chatId: 'c', ...this.#commit(user), message: this.row(user) }];
		const reply = { id: `r${this.count}`, parentId: user.id, role: 'assistant', content: '', status: 'queued', createdAt: stamp(this.count) };
		const queued = ['job_queued', { message_id: reply.id, parent_id: user.id, ...this.#commit(reply) }];
		this.head = reply.id;
		return { user, reply, events: [created, queued], receipt: { messageId: user.id, replyId: reply.id, seq: this.seq } };
	}

	/** Another answer, beside the one that is there. */
	queue(reply) {
		this.head = reply.id;
		return ['job_queued', { message_id: reply.id, parent_id: reply.parentId, ...this.#commit(reply) }];
	}

	/** A turn beside the one that is there. */
	create(user) {
		this.head = user.id;
		return ['message_created', { chatId: 'c', ...this.#commit(user), message: this.row(user) }];
	}

	choose(id) {
		this.head = id;
		return ['chat_updated', { head_id: id, prev: this.seq, seq: ++this.seq }];
	}

	start(m) {
		return ['stream_start', { message_id: m.id, ...this.#commit(m, { status: 'streaming' }) }];
	}

	delta(m, text) {
		const offset = m.content.length;
		return ['text_delta', { message_id: m.id, delta: text, offset, ...this.#commit(m, { content: m.content + text }) }];
	}

	reset(m) {
		return ['message_reset', { message_id: m.id, attempt: 2, ...this.#commit(m, { content: '', status: 'streaming' }) }];
	}

	end(m, status, truncated = false) {
		const reason = { complete: 'stop', truncated: 'length', stopped: 'cancelled', blocked: 'blocked', error: 'error' }[status];
		const end = ['stream_end', { message_id: m.id, reason, length: m.content.length, ...this.#commit(m, { status }) }];
		const sent = { chatId: 'c', message: truncated ? { ...this.row(m), ...cut(m.content) } : this.row(m), ...this.#commit(m) };
		return [end, ['App\\Events\\MessageSent', truncated ? { ...sent, truncated: true, href: '/x' } : sent]];
	}

	drop(m) {
		this.messages.delete(m.id);
		this.head = m.parentId;
		const prev = this.seq;
		this.tombstones.push({ id: m.id, changedSeq: ++this.seq });
		return ['message_deleted', { message_id: m.id, prev, seq: this.seq }];
	}

	/** The newest page of the branch, with what it must know of siblings. */
	newest(limit = 50) {
		const messages = [];
		for (let m = this.messages.get(this.head); m && messages.length < limit; m = this.messages.get(m.parentId))
			messages.unshift(this.#withSiblings(m));
		return { chatId: 'c', seq: this.seq, headId: this.head, messages, more: Boolean(messages[0]?.parentId) };
	}

	before(id, limit = 50) {
		const head = this.head;
		this.head = this.messages.get(id).parentId;
		const page = this.newest(limit);
		this.head = head;
		return page;
	}

	#withSiblings(m) {
		const all = [...this.messages.values()].filter((o) => o.parentId === m.parentId).sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
		return { ...this.row(m), ...(all.length > 1 && { siblings: all.map((o) => o.id) }) };
	}

	history(after, limit = 200) {
		const rows = [...this.messages.values()].filter((m) => m.changedSeq > after).sort((a, b) => a.changedSeq - b.changedSeq);
		const page = rows.slice(0, limit);
		const more = rows.length > page.length;
		return {
			chatId: 'c', seq: more ? page.at(-1).changedSeq : this.seq, epoch: this.epoch, headId: this.head,
			messages: page.map((m) => this.row(m)), deleted: this.tombstones.filter((t) => t.changedSeq > after).map((t) => t.id),
			more, reset: after > this.seq,
		};
	}
}

const cut = (text) => ({ content: text.slice(0, text.length >> 1), length: text.length >> 1, truncated: true });
const stamp = (n) => new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString();

const OPEN = 'open';

/** Does what the page does with actions: keeps a picture, answers fetches when told to, wakes when asked. */
class Page {
	sync = new ChatSync();
	shown = new Map();
	order = [];
	fetches = [];
	wakes = [];
	now = 0;
	asked = 0;

	do(actions) {
		for (const a of actions)
			switch (a.do) {
			case 'put': this.shown.set(a.message.id, { ...a.message }); break;
			case 'append': this.shown.get(a.id).content += a.text; break;
			case 'drop': this.shown.delete(a.id); break;
			case 'order': this.order = a.ids; this.branches = a.branches; break;
			case 'open': this.fetches.push(OPEN); this.asked++; break;
			case 'fetch': this.fetches.push(a.after); this.asked++; break;
			case 'wake': this.wakes.push(a.at); break;
			default: break;
			}
	}

	event([name, data]) {
		this.do(this.sync.event(name, structuredClone(data), this.now));
	}

	events(list) {
		list.forEach((e) => this.event(e));
	}

	answer(truth, limit) {
		this.give(this.ask(truth, this.fetches.shift(), limit));
	}

	/** What the server says now; it may arrive later. */
	ask(truth, what, limit) {
		return what === OPEN ? { opened: truth.newest(limit) } : { fetched: truth.history(what, limit) };
	}

	give({ opened, fetched }) {
		this.do(opened ? this.sync.opened(opened, this.now) : this.sync.fetched(fetched, this.now));
	}

	/** Scrolls up to the beginning. */
	scroll(truth) {
		while (this.sync.above)
			this.do(this.sync.older(truth.before(this.sync.above, 20)));
	}

	pass(ms) {
		this.now += ms;
		if (this.wakes.some((at) => at <= this.now)) {
			this.wakes = this.wakes.filter((at) => at > this.now);
			this.do(this.sync.tick(this.now));
		}
	}

	/** Everything that is asked for is answered, until nothing is. */
	settle(truth) {
		for (let i = 0; i < 100 && (this.fetches.length > 0 || this.wakes.length > 0); i++) {
			while (this.fetches.length > 0)
				this.answer(truth);
			this.pass(GAP_MS * 100);
		}
		assert.equal(this.fetches.length + this.wakes.length, 0, 'the page comes to rest');
	}
}

function assertEqual(page, truth, hint = '') {
	const pick = (m) => ({ id: m.id, parentId: m.parentId, role: m.role, content: m.content, status: m.status });
	assert.deepEqual([...page.shown.values()].map(pick).sort(byId), [...truth.messages.values()].map(pick).sort(byId), hint);
	const path = [];
	for (let m = truth.messages.get(truth.head); m; m = truth.messages.get(m.parentId))
		path.unshift(m.id);
	assert.deepEqual(page.order, path, `order ${hint}`);
}

const byId = (a, b) => (a.id < b.id ? -1 : 1);

function joined(truth) {
	const page = new Page();
	page.do(page.sync.subscribed());
	page.settle(truth);
	return page;
}

/* --- the plain road ----------------------------------------------------------------------------------------------------------- */

test('a whole reply by push alone needs one fetch: the first', () => {
	const truth = new Truth();
	const page = joined(truth);
	const { reply, events: asked } = truth.ask('hola');
	page.events(asked);
	page.event(truth.start(reply));
	for (const text of ['Ho', 'la', ' 🙂', '!'])
		page.event(truth.delta(reply, text));
	truth.end(reply, 'complete').forEach((e) => page.event(e));
	assertEqual(page, truth);
	assert.equal(page.asked, 1);
	assert.equal(page.sync.running, false);
});

test('our own send is shown at once and costs no fetch when its events come', () => {
	const truth = new Truth();
	const page = joined(truth);
	const { reply, events: asked, receipt } = truth.ask('hola');
	page.do(page.sync.sent(receipt, 'hola', page.now));
	assert.deepEqual(page.order, ['u1', 'r1']);
	page.events(asked);
	page.event(truth.start(reply));
	page.event(truth.delta(reply, 'x'));
	truth.end(reply, 'complete').forEach((e) => page.event(e));
	page.pass(GAP_MS * 2);
	assertEqual(page, truth);
	assert.equal(page.asked, 1);
});

test('a send whose events never come is fetched after the patience for a gap', () => {
	const truth = new Truth();
	const page = joined(truth);
	const { receipt } = truth.ask('hola');
	page.do(page.sync.sent(receipt, 'hola', page.now));
	page.pass(GAP_MS - 1);
	assert.equal(page.fetches.length, 0);
	page.pass(2);
	assert.deepEqual(page.fetches, [0]);
});

/* --- faults, one each ------------------------------------------------------------------------------------------------------------ */

const faults = [
	['a doubled delta', (es) => [...es.slice(0, 4), es[3], es[3], ...es.slice(4)], 1],
	['two deltas that changed places', (es) => [...es.slice(0, 3), es[4], es[3], ...es.slice(5)], 1],
	['a lost delta', (es) => es.filter((_, i) => i !== 4), 2],
	['a lost announcement', (es) => es.filter((_, i) => i !== 1), 2],
	['a lost start', (es) => es.filter((_, i) => i !== 2), 2],
	['a lost question', (es) => es.slice(1), 2],
	['only the last event', (es) => es.slice(-1), 2],
	['old news after the end', (es) => [...es, es[0], es[1], es[3], es.at(-2)], 1],
];

for (const [name, disturb, fetches] of faults)
	test(`${name} heals`, () => {
		const truth = new Truth();
		const page = joined(truth);
		const { reply, events: asked } = truth.ask('hola');
		const events = [...asked, truth.start(reply), truth.delta(reply, 'uno '), truth.delta(reply, 'dos '), truth.delta(reply, 'tres'), ...truth.end(reply, 'complete')];
		disturb(events).forEach((e) => page.event(e));
		page.settle(truth);
		assertEqual(page, truth);
		assert.equal(page.asked, fetches);
	});

test('a merged delta that overlaps adds only its new part', () => {
	const truth = new Truth();
	const { reply, events: asked } = truth.ask('hola');
	const page = new Page();
	page.do(page.sync.subscribed());
	page.events(asked);
	page.answer(truth);
	page.event(truth.start(reply));
	const a = truth.delta(reply, 'uno ');
	const b = truth.delta(reply, 'dos');
	page.event(a);
	page.event(['text_delta', { message_id: reply.id, delta: 'uno dos', offset: 0, prev: a[1].prev, seq: b[1].seq }]);
	assertEqual(page, truth);
});

test('pushes during a fetch wait for it, and those that it covers are dropped', () => {
	const truth = new Truth();
	const { reply, events: asked } = truth.ask('hola');
	const page = new Page();
	page.do(page.sync.subscribed());
	const early = [...asked, truth.start(reply), truth.delta(reply, 'a')];
	const answer = page.ask(truth, OPEN);
	const late = [truth.delta(reply, 'b'), truth.delta(reply, 'c')];
	[...early, ...late].forEach((e) => page.event(e));
	assert.equal(page.shown.size, 0);
	page.give(answer);
	assert.equal(page.shown.get(reply.id).content, 'abc');
	assert.equal(page.asked, 1);
});

test('a reset clears the text, and the second attempt is the text', () => {
	const truth = new Truth();
	const page = joined(truth);
	const { reply, events: asked } = truth.ask('hola');
	[...asked, truth.start(reply), truth.delta(reply, 'first'), truth.reset(reply)].forEach((e) => page.event(e));
	assert.equal(page.shown.get(reply.id).content, '');
	[truth.start(reply), truth.delta(reply, 'second'), ...truth.end(reply, 'complete')].forEach((e) => page.event(e));
	assertEqual(page, truth);
});

test('a final text too long for a push: fetched unless the deltas gave all of it', () => {
	for (const lost of [false, true]) {
		const truth = new Truth();
		const page = joined(truth);
		const { reply, events: asked } = truth.ask('hola');
		const events = [...asked, truth.start(reply), truth.delta(reply, 'uno'), truth.delta(reply, 'dos'), ...truth.end(reply, 'complete', true)];
		events.filter((_, i) => !(lost && i === 3)).forEach((e) => page.event(e));
		page.settle(truth);
		assertEqual(page, truth);
		assert.equal(page.asked, lost ? 2 : 1);
	}
});

test('an event of a kind that we do not know is asked for', () => {
	const truth = new Truth();
	const page = joined(truth);
	const { user, events: asked } = truth.ask('hola');
	page.events(asked);
	user.content = 'hola, changed';
	user.changedSeq = ++truth.seq;
	page.event(['something_new', { prev: truth.seq - 1, seq: truth.seq }]);
	page.settle(truth);
	assertEqual(page, truth);
});

test('a restored backup (other epoch) is read anew and its ghosts go', () => {
	const truth = new Truth();
	const page = joined(truth);
	const { reply, events: asked } = truth.ask('hola');
	page.events(asked);
	truth.end(reply, 'complete').forEach((e) => page.event(e));
	const older = new Truth();
	older.epoch = 'e2';
	older.count = 10;
	older.ask('other');
	page.do(page.sync.poll());
	page.settle(older);
	assertEqual(page, older);
});

test('a long chat opens with its newest page; what is above comes when somebody scrolls', () => {
	const truth = new Truth();
	for (let i = 0; i < 450; i++)
		truth.end(truth.ask(`q${i}`).reply, 'complete');
	const page = joined(truth);
	assert.equal(page.asked, 1);
	assert.equal(page.order.length, 50);
	assert.equal(page.order.at(-1), truth.head);
	page.scroll(truth);
	assertEqual(page, truth);
	assert.equal(page.asked, 1);
});

test('much that was missed is read page by page', () => {
	const truth = new Truth();
	const page = joined(truth);
	for (let i = 0; i < 450; i++)
		truth.end(truth.ask(`q${i}`).reply, 'complete');
	page.do(page.sync.poll());
	page.settle(truth);
	assertEqual(page, truth);
	assert.ok(page.asked >= 6);
});

test('another answer and a turn said anew are siblings; whoever chooses a branch gets it whole', () => {
	const truth = new Truth();
	const first = truth.ask('one');
	truth.end(first.reply, 'complete');
	const page = joined(truth);
	const again = { id: 'r1b', parentId: 'u1', role: 'assistant', content: '', status: 'queued', createdAt: stamp(9) };
	page.event(truth.queue(again));
	assert.deepEqual(page.order, ['u1', 'r1b']);
	assert.deepEqual(page.branches.get('r1b'), ['r1', 'r1b']);
	truth.end(again, 'complete').forEach((e) => page.event(e));
	const edited = { id: 'u1b', parentId: null, role: 'user', content: 'two', status: 'complete', createdAt: stamp(10) };
	page.event(truth.create(edited));
	assert.deepEqual(page.order, ['u1b']);
	assert.deepEqual(page.branches.get('u1b'), ['u1', 'u1b']);
	page.event(truth.choose('r1'));
	assert.deepEqual(page.order, ['u1', 'r1']);
	assert.deepEqual(page.branches.get('r1'), ['r1', 'r1b']);
	assert.equal(page.asked, 1);

	const late = joined(truth);                       // has only the branch that is active
	assert.equal(late.shown.size, 2);
	assert.deepEqual(late.branches.get('u1'), ['u1', 'u1b']);
	late.event(truth.choose('u1b'));
	late.settle(truth);
	assert.deepEqual(late.order, ['u1b']);
	assert.deepEqual(late.branches.get('u1b'), ['u1', 'u1b']);
});

test('failed fetches are tried again, ever more slowly, and a subscription does not wait', () => {
	const truth = new Truth();
	const page = new Page();
	page.do(page.sync.subscribed());
	const gaps = [];
	for (let i = 0; i < 5; i++) {
		page.fetches.shift();
		page.do(page.sync.fetchFailed(page.now));
		gaps.push(page.wakes[0] - page.now);
		page.pass(gaps.at(-1));
		assert.equal(page.fetches.length, 1);
	}
	assert.deepEqual(gaps, [1000, 2000, 4000, 8000, 15000]);
	page.fetches.shift();
	page.do(page.sync.fetchFailed(page.now));
	page.do(page.sync.subscribed());
	page.settle(truth);
});

test('a gap that no fetch can close does not become a storm', () => {
	const truth = new Truth();
	const page = joined(truth);
	page.event(['text_delta', { message_id: 'x', delta: 'y', offset: 0, prev: 5000, seq: 5001 }]);
	for (let t = 0; t < 60000; t += 50) {
		page.pass(50);
		while (page.fetches.length > 0)
			page.answer(truth);
	}
	assert.ok(page.asked < 12, `${page.asked} fetches in a minute`);
});

/* --- chance ----------------------------------------------------------------------------------------------------------------------------- */

function random(seed) {                                  // mulberry32
	return () => {
		seed = (seed + 0x6d2b79f5) | 0;
		let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
	};
}

const WORDS = ['uno ', 'dos\n\n', '🙂', 'ñandú ', '`código` ', 'e\u0301', '**fin** '];

/** A life of a chat: questions (sometimes two before an answer), attempts, ends of every kind, a deletion. */
function* life(truth, rnd) {
	const open = [];
	for (let i = 0; i < 6; i++) {
		const { reply, events: asked } = truth.ask(`pregunta ${i}`);
		yield* asked;
		open.push(reply);
		if (rnd() < 0.3)
			continue;
		while (open.length > 0) {
			const m = open.shift();
			yield truth.start(m);
			for (let n = Math.floor(rnd() * 30); n > 0; n--)
				yield rnd() < 0.04 ? truth.reset(m) : truth.delta(m, WORDS[Math.floor(rnd() * WORDS.length)]);
			const status = ['complete', 'complete', 'truncated', 'stopped', 'blocked', 'error'][Math.floor(rnd() * 6)];
			yield* truth.end(m, status, rnd() < 0.2);
		}
	}
	const last = truth.messages.get(truth.head);
	if (rnd() < 0.3 && last.role === 'assistant' && !isRunning(last.status))
		yield truth.drop(last);
}

function run(seed) {
	const rnd = random(seed);
	const truth = new Truth();
	const page = joined(truth);
	const loss = rnd() * 0.4, double = rnd() * 0.3, delay = rnd() * 0.5;
	const inFlight = [];                              // [arrives, event]
	const answers = [];                               // [arrives, page of history]
	for (const event of life(truth, rnd)) {
		const copies = (rnd() < loss ? 0 : 1) + (rnd() < double ? 1 : 0);
		for (let i = 0; i < copies; i++)
			inFlight.push([page.now + (rnd() < delay ? rnd() * 800 : 0), structuredClone(event)]);
		if (rnd() < 0.03)
			page.do(page.sync.subscribed());
		page.pass(Math.floor(rnd() * 120));
		inFlight.sort((a, b) => a[0] - b[0]);
		while (inFlight.length > 0 && inFlight[0][0] <= page.now)
			page.event(inFlight.shift()[1]);
		while (page.fetches.length > 0) {
			const what = page.fetches.shift();
			answers.push([page.now + rnd() * 500, rnd() < 0.15 ? null : page.ask(truth, what, 3)]);
		}
		while (answers.length > 0 && answers[0][0] <= page.now) {
			const [, answer] = answers.shift();
			answer ? page.give(answer) : page.do(page.sync.fetchFailed(page.now));
		}
	}
	for (const [, answer] of answers)
		answer ? page.give(answer) : page.do(page.sync.fetchFailed(page.now));
	inFlight.forEach(([, e]) => page.event(e));
	page.do(page.sync.subscribed());
	page.settle(truth);
	page.scroll(truth);
	assertEqual(page, truth, `seed ${seed}`);
}

test('2,000 random lives with loss, doubles, delays and failed fetches end equal to the truth', () => {
	for (let seed = 1; seed <= 2000; seed++)
		run(seed);
});

test('a timer that runs a millisecond early does not leave a gap for good', () => {
	const sync = new ChatSync();
	const of = (actions, what) => actions.filter((action) => action.do === what);
	sync.subscribed();
	sync.opened({ seq: 5, headId: null, messages: [] }, 0);
	const [wake] = of(sync.event('chat_updated', { title: 'x', prev: 6, seq: 7 }, 1000), 'wake');
	assert.equal(wake.at, 1000 + GAP_MS);
	const early = sync.tick(wake.at - 1);
	assert.equal(of(early, 'fetch').length, 0);
	assert.equal(of(early, 'wake')[0].at, wake.at);
	assert.equal(of(sync.tick(wake.at), 'fetch')[0].after, 5);
});
