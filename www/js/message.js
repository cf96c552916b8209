/*
 * message.js - one message as one sees it: its author, its text, what can be done with it, and how it ended.
 */
import { h, icon, iconButton, copyText, isComposing } from './dom.js';
import { errorKey, label, language, t } from './i18n.js';
import { portion } from './pace.js';
import { isRunning } from './sync.js';
import { isNotice, replyWords } from './words.js';

const STILL_THINKING_MS = 8000, COPIED_MS = 1500;
const STEP_MS = 6;                // of a frame, for text that is not paced

class View {
	/** li, its id, the message; on: see thread.js */
	constructor(message, cls, on) {
		this.id = message.id;
		this.role = message.role;
		this.on = on;
		this.text = '';                                  // all that arrived
		this.tail = null;
		this.name = h('span');
		this.who = h('h2', { class: 'who' }, this.name);
		this.li = h('li', { class: `msg ${cls}`, data: { id: message.id } }, this.who);
	}

	adopt(id) {
		this.id = id;
		this.li.dataset.id = id;
	}

	setTail(el, key = null) {
		this.tail?.remove();
		this.tail = el;
		this.tailKey = key;
		if (el)
			this.li.append(el);
	}

	/** ids: all versions, oldest first. */
	setBranches(ids) {
		const key = ids?.join() ?? '';
		if (key === this.branches)
			return;
		this.branches = key;
		this.versions?.remove();
		this.versions = ids && versions(ids, this.id, this.on);
		this.putVersions();
	}

	putVersions() {
		if (!this.versions)
			return;
		this.tail?.querySelector('.acts')?.prepend(this.versions);
		if (!this.wanted || !this.versions.isConnected)
			return;
		const buttons = [...this.versions.querySelectorAll('button:not([disabled])')];
		(buttons.find((b) => b.dataset.ta === this.wanted) ?? buttons[0])?.focus({ preventScroll: true });
		this.wanted = null;
	}

	/** A version that was chosen by a button gets the focus on its own: key is what that button does. */
	focusVersions(key) {
		this.wanted = key;
		this.putVersions();
	}

	forget() {}
}

/** ‹ 2/3 › */
function versions(ids, id, on) {
	const at = ids.indexOf(id);
	const step = (name, key, to) => {
		const button = iconButton(name, key, () => on.choose(ids[to]));
		button.disabled = ids[to] === undefined;
		return button;
	};
	const says = h('span', { class: 'count' }, `${at + 1}/${ids.length}`);
	return h('span', { class: 'versions', role: 'group', ta: 'version_of', vars: { n: at + 1, all: ids.length } },
		step('left', 'version_before', at - 1), says, step('right', 'version_after', at + 1));
}

export function copyButton(text) {
	const button = iconButton('copy', 'copy', () => showCopied(button, text()));
	button.dataset.act = 'copy';
	return button;
}

export async function showCopied(button, text) {
	if (!await copyText(text))
		return;
	const asIcon = button.classList.contains('ico');
	const show = (key, name) => {
		if (asIcon)
			button.replaceChildren(icon(name));
		label(button, asIcon ? { ta: key, tt: key } : { t: key });
	};
	show('copied', 'check');
	setTimeout(() => show('copy', 'copy'), COPIED_MS);
}

/* --- what a person said --------------------------------------------------------------------------------------------------- */

export class UserView extends View {
	constructor(message, on) {
		super(message, 'u', on);
		this.body = h('div', { class: 'body', dir: 'auto' });
		this.li.append(this.body);
		this.put(message);
	}

	put(message) {
		this.message = message;
		this.li.dataset.status = message.status ?? 'complete';
		if (message.content !== this.text) {
			this.text = message.content;
			this.body.textContent = message.content;
		}
		if (!message.status)
			return;
		if (this.tailKey === 'said')
			return;
		const edit = iconButton('edit', 'edit', () => this.edit());
		edit.dataset.act = 'edit';
		this.setTail(h('div', { class: 'tail' }, h('div', { class: 'acts' }, copyButton(() => this.text), edit)), 'said');
		this.putVersions();
	}

	/** isMine: written by who reads. name: of somebody else, or null. */
	setAuthor(isMine, name) {
		this.li.classList.toggle('other', !isMine);
		if (isMine || !name) {
			label(this.name, { t: isMine ? 'you' : 'guest' });
		} else {
			delete this.name.dataset.t;
			this.name.textContent = name;
		}
	}

	/** A message of the outbox. */
	putUnsent(entry) {
		this.li.dataset.status = entry.state;
		this.setTail(unsentNote(entry, this.on));
	}

	/** The bubble becomes a box; what is written there is asked anew. */
	edit() {
		if (this.form)
			return;
		const box = h('textarea', { dir: 'auto', ta: 'edit', value: this.text, rows: 1 });
		const send = h('button', { class: 'btn go', t: 'send' });
		const end = () => {
			if (!this.form)
				return;
			this.form.replaceWith(this.body);
			this.form = null;
			this.li.classList.remove('edits');
			this.li.querySelector('[data-act=edit]')?.focus();
		};
		this.form = h('form', { class: 'edit', on: {
			submit: async (e) => {
				e.preventDefault();
				if (send.disabled)                           // it is on its way
					return;
				const text = box.value.trim();
				if (text === '' || text === this.text.trim()) {
					end();
					return;
				}
				send.disabled = true;
				if (await this.on.edit(this.id, text))
					end();
				send.disabled = false;
			},
			keydown: (e) => {
				if (isComposing(e))
					return;
				if (e.key === 'Escape') {
					e.stopPropagation();
					end();
				} else if (e.key === 'Enter' && !e.shiftKey) {
					e.preventDefault();
					this.form.requestSubmit();
				}
			},
		} }, box, h('div', {}, h('button', { class: 'btn', type: 'button', t: 'cancel', on: { click: end } }), send));
		this.body.replaceWith(this.form);
		this.li.classList.add('edits');
		box.focus();
		box.setSelectionRange(box.value.length, box.value.length);
		box.scrollIntoView({ block: 'nearest' });
	}
}

function unsentNote(entry, on) {
	if (entry.state === 'sending')
		return null;
	if (entry.state === 'waiting') {
		const s = Math.max(1, Math.ceil((entry.until - Date.now()) / 1000));
		const soon = entry.error ? { t: 'pending_wait', vars: { s } } : { t: 'pending' };
		return h('p', { class: 'sendnote' }, entry.error && h('span', { t: errorKey(entry.error) }), ' ', h('span', soon));
	}
	return h('p', { class: 'sendnote bad', role: 'alert' },
		h('span', {}, h('b', { t: 'not_sent' }), ' ', h('span', { t: errorKey(entry.error) })),
		h('span', { class: 'together' },
			h('button', { class: 'link', type: 'button', t: 'retry', on: { click: () => on.retry(entry.key) } }),
			h('button', { class: 'link', type: 'button', t: 'discard', on: { click: () => on.discard(entry.key) } })));
}

/* --- what the AI said ------------------------------------------------------------------------------------------------------ */

export class ReplyView extends View {
	constructor(message, on, { Markdown, pacer }) {
		super(message, 'a', on);
		this.who.prepend(icon('spark'));
		label(this.name, { t: 'ai' });
		this.body = h('div', { class: 'md', dir: 'auto' });
		this.li.append(this.body);
		this.pacer = pacer;
		this.md = new Markdown(this.body);
		this.shown = 0;                                  // how much of text is drawn
		this.job = (ms) => this.#draw(ms);
		this.put(message, true);
	}

	forget() {
		clearTimeout(this.timer);
		this.pacer.remove(this.job);
	}

	put(message, isFirst = false) {
		const wasRunning = isRunning(this.message?.status);
		this.message = message;
		this.li.dataset.status = message.status;
		this.isHeld = false;
		this.#setText(isNotice(message) ? '' : message.content);
		if (isRunning(message.status))
			this.#showRunning();
		else if (this.shown < this.text.length)
			this.body.setAttribute('aria-busy', 'true');
		if (isRunning(message.status) !== wasRunning)
			this.on.announce(wasRunning ? 'live_done' : 'live_answering');
		if (!isFirst || isRunning(message.status)) {
			this.isInstant ||= isFirst;
			this.pacer.add(this.job);
		} else {
			this.isInstant = true;
			this.pacer.addSpare(this.job);
		}
	}

	append(text) {
		if (this.text === '')
			this.#note(null);
		this.text += text;
		this.pacer.add(this.job);
	}

	/** No more is shown than is shown now. Returns how much that is: the rest is what nobody saw. */
	hold() {
		this.isHeld = true;
		return this.shown;
	}

	/** Longer text goes on from what is there; a cut takes away what was not shown yet; other text replaces it. */
	#setText(text) {
		const goesOn = text.startsWith(this.text) || (text.length >= this.shown && this.text.startsWith(text));
		if (!goesOn) {
			this.md.clear();
			this.shown = 0;
			this.isInstant = true;
		}
		this.text = text;
	}

	/** Draws the next portion, or what a moment is enough for. Returns whether more is left. */
	#draw(ms) {
		const pace = this.isInstant ? Infinity : ms;
		const until = performance.now() + STEP_MS;
		let isMore = this.#drawPortion(pace);
		while (isMore && pace === Infinity && performance.now() < until)
			isMore = this.#drawPortion(pace);
		return isMore;
	}

	#drawPortion(ms) {
		const rest = this.isHeld ? '' : this.text.slice(this.shown);
		if (rest) {
			const text = portion(rest, ms);
			if (this.shown === 0)
				this.body.replaceChildren();
			this.shown += text.length;
			this.md.append(text);
		}
		const isAll = this.shown === this.text.length;
		const isDone = isAll && !isRunning(this.message.status);
		if (rest || isDone)
			this.md.render(isDone);
		if (isAll)
			this.isInstant = false;
		if (isDone)
			this.#finish();
		return !isAll && !this.isHeld;
	}

	/** Dots until the first text, and after a while a word. */
	#showRunning() {
		this.body.setAttribute('aria-busy', 'true');
		this.#note(waitingNote(this.message));
		if (this.text !== '')
			return;
		if (!this.body.querySelector('.dots'))
			this.body.replaceChildren(h('span', { class: 'dots' }, h('i'), h('i'), h('i')));
		if (!this.tail)
			this.timer = setTimeout(() => this.#note({ t: 'still_thinking' }), STILL_THINKING_MS);
	}

	/** A quiet line under a running reply; null takes it away. */
	#note(words) {
		clearTimeout(this.timer);
		this.setTail(words && h('p', { class: 'quiet', ...words }));
	}

	/** All text is drawn and the reply is over. */
	#finish() {
		clearTimeout(this.timer);
		this.body.removeAttribute('aria-busy');
		if (this.text === '')
			this.body.replaceChildren();
		// the same end may be told twice (stream_end, MessageSent): what somebody just clicked stays
		const { status, error } = this.message;
		const key = JSON.stringify([status, error ?? null, this.text !== '']);
		if (key === this.tailKey)
			return;
		this.setTail(h('div', { class: 'tail' }, endNote(this.message, this.on), this.#actions()), key);
		this.putVersions();
	}

	#actions() {
		const again = iconButton('again', 'regenerate', () => this.on.regenerate(this.id));
		again.dataset.act = 'again';
		again.classList.add('again');
		const more = iconButton('info', 'details', () => this.#toggleDetails(more));
		more.setAttribute('aria-expanded', 'false');
		return h('div', { class: 'acts' }, this.text && copyButton(() => this.text), again, more);
	}

	#toggleDetails(button) {
		const open = this.tail.querySelector('.details');
		button.setAttribute('aria-expanded', String(!open));
		if (open)
			open.remove();
		else
			this.tail.append(h('p', { class: 'quiet details' }, detailsOf(this.message)));
	}
}

function detailsOf({ model, usage, createdAt }) {
	const when = createdAt && new Date(createdAt).toLocaleString(language, { dateStyle: 'medium', timeStyle: 'short' });
	const tokens = usage?.total_tokens && t('tokens', { n: usage.total_tokens });
	return [when, model, tokens].filter(Boolean).join(' · ');
}

function waitingNote(message) {
	if (message.waiting)
		return { t: 'st_waiting' };
	return message.status === 'queued' && message.position > 0 ? { t: 'in_queue', vars: { n: message.position } } : null;
}

const NOTE_CLASS = { error: 'bad', blocked: 'warn' };

/** null for a reply that simply ended well. */
function endNote(message, on) {
	const { status, error } = message;
	if (status === 'complete')
		return null;
	const { t: key, text } = replyWords(status, error);
	const words = h('span', { t: key }, text);
	if (status !== 'error' && status !== 'blocked')
		return h('p', { class: 'quiet' }, words);
	const what = status === 'error'
		? h('button', { class: 'btn small', type: 'button', t: 'ask_again', on: { click: () => on.regenerate(message.id) } })
		: h('button', { class: 'btn small', type: 'button', t: 'rephrase', on: { click: () => on.rephrase(message.parentId) } });
	return h('div', { class: `note ${NOTE_CLASS[status]}`, role: 'alert' }, icon('alert'), h('div', {}, words, what));
}
