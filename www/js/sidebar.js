/*
 * sidebar.js - the list of recent chats; on a phone a drawer.
 */
import { $, h, iconButton, trapFocus } from './dom.js';
import { chats } from './store.js';

export class Sidebar {
	/** on: open(id), create(), forget(id) */
	constructor(on) {
		this.on = on;
		this.side = $('side');
		this.letGo = null;
		$('new').addEventListener('click', () => { this.close(); on.create(); });
		$('menu').addEventListener('click', () => this.open());
		$('shade').addEventListener('click', () => this.close());
		$('chats').addEventListener('click', (e) => { if (e.target.closest('a')) this.close(); });
		matchMedia('(max-width: 760px)').addEventListener('change', () => this.close());
	}

	show(current) {
		const list = chats();
		$('chats').replaceChildren(...list.map((chat) => this.#row(chat, chat.id === current)));
		$('nochats').hidden = list.length > 0;
	}

	open() {
		this.side.classList.add('open');
		$('shade').hidden = false;
		$('main').inert = true;
		$('menu').setAttribute('aria-expanded', 'true');
		this.letGo = trapFocus(this.side, () => this.close());
		$('new').focus();
	}

	close() {
		if (!this.letGo)
			return;
		this.letGo();
		this.letGo = null;
		this.side.classList.remove('open');
		$('shade').hidden = true;
		$('main').inert = false;
		$('menu').setAttribute('aria-expanded', 'false');
		$('menu').focus();
	}

	#row({ id, title }, current) {
		const link = h('a', { href: `#c=${encodeURIComponent(id)}`, title, ...(current && { 'aria-current': 'page' }) }, title);
		return h('li', {}, link, iconButton('trash', 'forget', () => this.on.forget(id), 'ico forget'));
	}
}
