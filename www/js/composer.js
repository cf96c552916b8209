/*
 * composer.js - the box where one writes: grows with its text, keeps a draft for each chat, counts towards the limit.
 */
import { label } from './i18n.js';
import { draft, setDraft } from './store.js';

const COUNT_FROM = 0.8;           // of the limit
const bytesOf = (text) => new TextEncoder().encode(text).length;

export class Composer {
	constructor({ form, input, button, hint, count, onSend }) {
		Object.assign(this, { form, input, button, hint, count, onSend });
		this.limit = Infinity;
		input.addEventListener('input', () => this.#changed());
		input.addEventListener('keydown', (e) => {
			if (e.key !== 'Enter' || e.shiftKey || e.isComposing)
				return;
			e.preventDefault();
			form.requestSubmit();
		});
		form.addEventListener('submit', (e) => {
			e.preventDefault();
			this.#submit();
		});
	}

	open(chatId) {
		this.chatId = chatId;
		this.set(draft(chatId));
	}

	set(text) {
		this.input.value = text;
		this.#changed();
	}

	/** Puts text in and the cursor behind it. */
	offer(text) {
		this.set(text);
		this.input.focus();
		this.input.setSelectionRange(text.length, text.length);
	}

	setLimit(bytes) {
		this.limit = bytes;
		this.#changed();
	}

	#submit() {
		const text = this.input.value.trim();
		if (!text || bytesOf(text) > this.limit)
			return;
		this.set('');
		this.onSend(text);
		this.input.focus();
	}

	#changed() {
		const text = this.input.value;
		setDraft(this.chatId, text);
		const left = this.limit - bytesOf(text.trim());
		this.button.disabled = text.trim() === '' || left < 0;
		const counting = left < this.limit * (1 - COUNT_FROM);
		this.count.hidden = !counting;
		this.hint.hidden = counting;
		this.count.classList.toggle('bad', left < 0);
		if (counting)
			label(this.count, left < 0 ? { t: 'too_long', vars: { n: -left } } : { t: 'nearly_long', vars: { n: left } });
		this.#grow();
	}

	/** For browsers without field-sizing. */
	#grow() {
		if (CSS.supports('field-sizing', 'content'))
			return;
		this.input.style.height = 'auto';
		this.input.style.height = `${this.input.scrollHeight}px`;
	}
}
