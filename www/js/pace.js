/*
 * pace.js - releases text that arrived in lumps evenly over the next moments, one frame at a time, and spares the processor:
 * a frame whose drawing took long is followed by a pause three times as long.
 */
const SPREAD_MS = 220, REST_MAX_MS = 500, FRAME_MAX_MS = 100;

const calm = matchMedia('(prefers-reduced-motion: reduce)');

/** How much of text to show now; never half of a surrogate pair. */
export function portion(text, ms) {
	let n = Math.max(2, Math.ceil(text.length * ms / SPREAD_MS));
	if (n >= text.length)
		return text;
	if (/[\ud800-\udbff]/.test(text[n - 1]))
		n++;
	return text.slice(0, n);
}

export class Pacer {
	/** after() is called once a frame in which something was drawn. */
	constructor(after) {
		this.after = after;
		this.jobs = new Set();
		this.frame = 0;
		this.last = 0;
		this.restUntil = 0;
	}

	/** job(ms) draws for one frame and returns whether more is left. ms = Infinity: draw all. */
	add(job) {
		this.jobs.add(job);
		this.#schedule();
	}

	remove(job) {
		this.jobs.delete(job);
	}

	/** A hidden tab has no frames. */
	#schedule() {
		if (document.hidden)
			setTimeout(() => this.#run(performance.now()), 0);
		else if (!this.frame)
			this.frame = requestAnimationFrame((now) => { this.frame = 0; this.#run(now); });
	}

	#run(now) {
		if (this.jobs.size === 0)
			return;
		if (now < this.restUntil && !document.hidden) {
			this.#schedule();
			return;
		}
		const ms = document.hidden || calm.matches ? Infinity : Math.min(FRAME_MAX_MS, Math.max(1, now - this.last));
		this.last = now;
		const start = performance.now();
		for (const job of [...this.jobs])
			if (!job(ms))
				this.jobs.delete(job);
		this.restUntil = now + Math.min(REST_MAX_MS, 3 * (performance.now() - start));
		this.after();
		if (this.jobs.size > 0)
			this.#schedule();
	}
}
