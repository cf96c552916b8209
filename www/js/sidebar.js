/*
 * sidebar.js - the list of chats by day, with search and what can be done with each; on a phone a drawer.
 */
import * as api from './api.js';
import { $, h, iconButton, isComposing, openMenu, toast, trapFocus } from './dom.js';
import { errorKey, label, language, t } from './i18n.js';
import * as store from './store.js';

const DAY_MS = 86400000, UNDO_MS = 8000, SEARCH_AFTER_MS = 250;
const AGAIN_MS = 2000, AGAIN_MAX_MS = 30000;

const midnight = (ms) => new Date(ms).setHours(0, 0, 0, 0);

/** The heading under which a chat of that time stands: {t: key} or {text}. Pure. */
export function dayGroup(ms, now, lang) {
	const days = Math.round((midnight(now) - midnight(ms)) / DAY_MS);
	if (days <= 0)
		return { t: 'today' };
	if (days === 1)
		return { t: 'yesterday' };
	if (days <= 7)
		return { t: 'last_7' };
	if (days <= 30)
		return { t: 'last_30' };
	const text = new Intl.DateTimeFormat(lang, { month: 'long', year: 'numeric' }).format(ms);
	return { text: text[0].toUpperCase() + text.slice(1) };
}

/** Without accents and case, as people search. Pure. */
export const fold = (text) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

export class Sidebar {
	/** on: create(), deleted(id) after the open chat was deleted, contact(error or null) */
	constructor(on) {
		this.on = on;
		this.side = $('side');
		this.letGo = null;
		this.chats = new Map();                          // id -> {id, title, at, isOurs}
		this.current = null;
		this.found = [];                                 // of the search in messages
		$('new').addEventListener('click', () => { this.close(false); on.create(); });
		$('menu').addEventListener('click', () => this.open());
		for (const id of ['shade', 'close'])
			$(id).addEventListener('click', () => this.close());
		$('chats').addEventListener('click', (e) => { if (e.target.closest('a[href]:not([download])')) this.close(false); });
		$('search').addEventListener('input', () => this.#onSearch());
		$('search').addEventListener('keydown', (e) => this.#onSearchKey(e));
		$('older').addEventListener('click', () => this.#load());
		document.addEventListener('charla:language', () => this.#draw());
		matchMedia('(max-width: 760px)').addEventListener('change', () => this.close(false));
		for (const { id, title, at } of store.visited())
			this.chats.set(id, { id, title, at: at ?? 0, isOurs: false });
		for (const e of store.unsent())
			if (store.isNew(e.chat))
				this.chats.set(e.chat, { id: e.chat, title: store.titleOf(e.text), at: e.at, isOurs: false });
		this.#draw();
	}

	/** Asks the server which chats there are. */
	async refresh() {
		this.cursor = undefined;
		await this.#load();
	}

	show(current) {
		this.current = current;
		this.#draw();
	}

	title(id) {
		return this.chats.get(id)?.title ?? '';
	}

	/** What is known of a chat: title; touched: it is the newest now. */
	put(id, { title, touched = false } = {}) {
		const old = this.chats.get(id);
		const chat = { id, at: Date.now(), isOurs: store.isOurs(id), ...old, ...(title && { title }), ...(touched && { at: Date.now() }) };
		if (old ? old.title === chat.title && old.at === chat.at : !chat.title)
			return;
		this.chats.set(id, chat);
		if (!chat.isOurs && !store.isNew(id))
			store.visit(id, chat.title);
		this.#draw();
	}

	rename(from, to) {
		const chat = this.chats.get(from);
		this.chats.delete(from);
		if (chat)
			this.chats.set(to, { ...chat, id: to, isOurs: true });
		this.#draw();
	}

	drop(id) {
		this.chats.delete(id);
		store.forget(id);
		this.#draw();
	}

	focusSearch() {
		if ($('menu').offsetParent)
			this.open();
		$('search').focus();
		$('search').select();
	}

	/* --- the server's list ------------------------------------------------------------------------------------------------ */

	async #load() {
		const isFirst = this.cursor === undefined;
		clearTimeout(this.loadTimer);
		let page;
		try {
			page = await api.listChats(this.cursor);
		} catch (e) {
			this.on.contact(e);
			if (e.status === 0 || e.status === 429 || e.status >= 500)
				this.#loadLater(e.retryAfter ?? 0);
			return;
		}
		this.failures = 0;
		this.on.contact(null);
		if (isFirst)
			for (const chat of [...this.chats.values()])
				if (chat.isOurs && Date.now() - chat.at > 60000)
					this.chats.delete(chat.id);
		for (const c of page.chats) {
			const id = String(c.chatId);
			this.chats.set(id, { id, title: c.title ?? '', at: Date.parse(c.updatedAt), isOurs: c.visibility === 'private' || store.isOurs(id), access: c.access });
		}
		this.cursor = page.nextCursor ?? null;
		$('older').hidden = !page.nextCursor;
		this.#draw();
	}

	#loadLater(s) {
		this.failures = (this.failures ?? 0) + 1;
		clearTimeout(this.loadTimer);
		this.loadTimer = setTimeout(() => this.#load(), Math.max(s * 1000, Math.min(AGAIN_MS * 2 ** (this.failures - 1), AGAIN_MAX_MS)));
	}

	/* --- search ------------------------------------------------------------------------------------------------------------- */

	get #query() {
		return $('search').value.trim();
	}

	#onSearch() {
		const query = this.#query;
		this.found = [];
		this.searchError = null;
		this.isSearching = query.length >= 2;
		this.#draw();
		clearTimeout(this.searchTimer);
		if (!this.isSearching)
			return;
		this.searchTimer = setTimeout(async () => {
			let answer = {}, error = null;
			try {
				answer = await api.searchChats(query);
			} catch (e) {
				error = errorKey(e);
			}
			if (query !== this.#query)
				return;
			this.isSearching = false;
			this.searchError = error;
			this.found = answer.results ?? [];
			this.#draw();
		}, SEARCH_AFTER_MS);
	}

	#onSearchKey(e) {
		if (isComposing(e))
			return;
		if (e.key === 'Escape' && this.#query !== '') {
			e.stopPropagation();
			$('search').value = '';
			this.#onSearch();
		} else if (e.key === 'Enter') {
			$('chats').querySelector('a')?.click();
		} else if (e.key === 'ArrowDown') {
			e.preventDefault();
			$('chats').querySelector('a')?.focus();
		}
	}

	/* --- drawing -------------------------------------------------------------------------------------------------------------- */

	#draw() {
		if (this.renaming)
			return;
		const back = document.activeElement?.closest('#chats [data-id]')?.dataset.id;
		const query = fold(this.#query);
		const list = [...this.chats.values()].filter((c) => fold(c.title).includes(query)).sort((a, b) => b.at - a.at);
		const groups = new Map();
		for (const chat of list) {
			const name = query ? { t: 'in_titles' } : dayGroup(chat.at, Date.now(), language);
			const key = name.t ?? name.text;
			if (!groups.has(key))
				groups.set(key, { name, rows: [] });
			groups.get(key).rows.push(this.#row(chat));
		}
		if (this.found.length > 0)
			groups.set('found', { name: { t: 'in_messages' }, rows: this.found.map((f) => foundRow(f)) });
		$('chats').replaceChildren(...[...groups.values()].map(({ name, rows }) =>
			h('section', {}, h('h2', { class: 'sidehead', t: name.t }, name.text), h('ul', { class: 'list' }, ...rows))));
		$('nochats').hidden = this.isSearching || (groups.size > 0 && !this.searchError);
		label($('nochats'), { t: this.searchError ?? (query ? 'nothing_found' : 'no_chats') });
		if (back)
			$('chats').querySelector(`[data-id="${CSS.escape(back)}"] a`)?.focus();
	}

	#row(chat) {
		const isCurrent = chat.id === this.current;
		const title = chat.title || t('new_chat');
		const link = h('a', { href: hrefOf(chat.id), title, ...(isCurrent && { 'aria-current': 'page' }) }, h('bdi', {}, title));
		if (store.isNew(chat.id))
			return h('li', { data: { id: chat.id } }, link);
		const more = iconButton('more', 'chat_menu', () => openMenu(more, this.actions(chat.id)), 'ico rowmenu');
		more.setAttribute('aria-haspopup', 'menu');
		more.setAttribute('aria-expanded', 'false');
		return h('li', { data: { id: chat.id } }, link, more);
	}

	/** Of a chat's menu, here and in the header. */
	actions(id) {
		const chat = this.chats.get(id);
		const isMember = chat?.access === 'member' || chat?.access === 'guest';
		return [
			{ icon: 'edit', t: 'rename', run: () => this.#rename(id) },
			{ icon: 'download', t: 'export_md', href: api.exportUrl(id, 'md') },
			{ icon: 'download', t: 'export_json', href: api.exportUrl(id, 'json') },
			chat?.isOurs && !isMember
				? { icon: 'trash', t: 'delete', run: () => this.#delete(id) }
				: { icon: 'close', t: 'forget', run: () => this.#forget(id) },
		];
	}

	#rename(id) {
		const find = () => $('chats').querySelector(`[data-id="${CSS.escape(id)}"]:not(.found)`);
		if (!find()) {                                   // a search hides it
			$('search').value = '';
			this.#onSearch();
		}
		const li = find();
		if (!li)
			return;
		if ($('menu').offsetParent && !this.letGo)
			this.open();
		const old = this.title(id);
		const box = h('input', { class: 'renames', dir: 'auto', value: old, maxLength: 100, ta: 'rename' });
		const link = li.querySelector('a');
		let over = false;
		const end = async (keep) => {
			if (over)
				return;
			over = true;
			this.renaming = false;
			const title = box.value.trim();
			box.replaceWith(link);
			link.focus();
			if (keep && title && title !== old)
				await this.#sendName(id, title, old);
		};
		this.renaming = true;
		box.addEventListener('keydown', (e) => {
			if ((e.key === 'Enter' || e.key === 'Escape') && !isComposing(e)) {
				e.preventDefault();
				e.stopPropagation();
				end(e.key === 'Enter');
			}
		});
		box.addEventListener('blur', () => end(true));
		link.replaceWith(box);
		box.focus();
		box.select();
	}

	async #sendName(id, title, old) {
		this.put(id, { title });
		this.on.renamed(id, title);
		try {
			await api.changeChat(id, { title });
		} catch (e) {
			this.put(id, { title: old });
			this.on.renamed(id, old);
			toast({ t: errorKey(e), bad: true });
		}
	}

	/** At once, and back within some seconds. */
	async #delete(id) {
		const chat = this.chats.get(id);
		this.drop(id);
		try {
			await api.deleteChat(id);
		} catch (e) {
			if (e.status !== 404) {
				this.chats.set(id, chat);
				this.#draw();
				toast({ t: errorKey(e), bad: true });
				return;
			}
		}
		toast({ t: 'deleted' }, { t: 'undo', run: () => this.#restore(chat) }, UNDO_MS);
		if (id === this.current)
			this.on.deleted(id);
	}

	async #restore(chat) {
		try {
			await api.restoreChat(chat.id);
			this.chats.set(chat.id, chat);
			this.#draw();
			location.hash = hrefOf(chat.id);
		} catch (e) {
			toast({ t: e.status === 404 ? 'too_late' : errorKey(e), bad: true });
		}
	}

	#forget(id) {
		const chat = this.chats.get(id);
		this.drop(id);
		toast({ t: 'forgotten' }, { t: 'undo', run: () => this.put(id, { title: chat.title }) }, UNDO_MS);
		if (id === this.current)
			this.on.deleted(id);
	}

	/* --- the drawer -------------------------------------------------------------------------------------------------------------- */

	open() {
		if (this.letGo)
			return;
		this.side.classList.add('open');
		$('shade').hidden = false;
		$('main').inert = true;
		$('menu').setAttribute('aria-expanded', 'true');
		this.letGo = trapFocus(this.side, () => this.close());
		$('new').focus();
	}

	close(focus = true) {
		if (!this.letGo)
			return;
		this.letGo();
		this.letGo = null;
		this.side.classList.remove('open');
		$('shade').hidden = true;
		$('main').inert = false;
		$('menu').setAttribute('aria-expanded', 'false');
		if (focus)
			$('menu').focus();
	}
}

export const hrefOf = (id) => `#c=${encodeURIComponent(id)}`;

/** One message that was found: where, and the words around; highlights: [[where, how long]] in them. */
function foundRow({ chatId, title, snippet, highlights = [] }) {
	const id = String(chatId);
	let at = 0;
	const words = highlights.flatMap(([start, length]) => {
		const parts = [snippet.slice(at, start), h('mark', {}, snippet.slice(start, start + length))];
		at = start + length;
		return parts;
	});
	return h('li', { class: 'found', data: { id } },
		h('a', { href: hrefOf(id) }, h('bdi', {}, title || t('new_chat')), h('span', {}, ...words, snippet.slice(at))));
}
