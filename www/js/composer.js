/*
 * composer.js - the box where one writes: grows with its text, keeps a draft for each chat, counts towards the limit. Its
 * button sends; while an answer runs and nothing is written, it stops that.
 */
import { icon, isComposing } from './dom.js';
import { label } from './i18n.js';
import { draft, setDraft } from './store.js';

const COUNT_FROM = 0.8;           // of the limit
const bytesOf = (text) => new TextEncoder().encode(text).length;

export class Composer {
	/** on: send(text), stop(), editLast() -> was there one?, writing() */
	constructor({ form, input, button, hint, count, on }) {
		Object.assign(this, { form, input, button, hint, count, on });
		this.limit = Infinity;
		this.running = false;
		input.addEventListener('input', () => {
			this.#changed();
			if (input.value.trim() !== '')
				on.writing();
		});
		input.addEventListener('keydown', (e) => this.#onKey(e));
		form.addEventListener('submit', (e) => {
			e.preventDefault();
			this.#submit();
		});
		form.addEventListener('click', (e) => { if (e.target === form) input.focus(); });
		this.#showButton();
	}

	open(chatId) {
		this.chatId = chatId;
		this.set(draft(chatId));
	}

	/** The chat got its real id. */
	rename(chatId) {
		setDraft(this.chatId, '');
		this.chatId = chatId;
		setDraft(chatId, this.input.value);
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

	focus() {
		this.input.focus({ preventScroll: true });
	}

	setLimit(bytes) {
		this.limit = bytes;
		this.#changed();
	}

	setRunning(running) {
		if (running === this.running)
			return;
		this.running = running;
		this.#showButton();
	}

	get #stops() {
		return this.running && this.input.value.trim() === '';
	}

	#onKey(e) {
		if (isComposing(e))
			return;
		if (e.key === 'Enter' && !e.shiftKey) {
			e.preventDefault();
			if (!this.#stops)                            // Enter on an empty box must not stop an answer
				this.form.requestSubmit();
		} else if (e.key === 'ArrowUp' && this.input.value === '' && this.on.editLast()) {
			e.preventDefault();
		}
	}

	#submit() {
		if (this.#stops) {
			this.on.stop();
			return;
		}
		const text = this.input.value.trim();
		if (!text || bytesOf(text) > this.limit)
			return;
		this.set('');
		this.on.send(text);
		this.input.focus();
	}

	#changed() {
		const text = this.input.value;
		if (this.chatId !== undefined)
			setDraft(this.chatId, text);
		const left = this.limit - bytesOf(text.trim());
		this.left = left;
		const counting = left < this.limit * (1 - COUNT_FROM);
		this.count.hidden = !counting;
		this.hint.hidden = counting;
		this.count.classList.toggle('bad', left < 0);
		if (counting)
			label(this.count, left < 0 ? { t: 'too_long', vars: { n: -left } } : { t: 'nearly_long', vars: { n: left } });
		this.#showButton();
		this.#grow();
	}

	#showButton() {
		const { button } = this;
		const does = this.#stops ? 'stop' : 'send';
		button.disabled = does === 'send' && (this.input.value.trim() === '' || this.left < 0);
		if (button.dataset.ta === does && button.firstElementChild)
			return;
		button.replaceChildren(icon(does));
		label(button, { ta: does, tt: does });
		button.classList.toggle('stops', does === 'stop');
	}

	/** For browsers without field-sizing. */
	#grow() {
		if (CSS.supports('field-sizing', 'content'))
			return;
		this.input.style.height = 'auto';
		this.input.style.height = `${this.input.scrollHeight}px`;
	}
}
