/*
 * pace.js - when to draw: text that arrived in lumps is released evenly over the next moments, one frame at a time; a frame
 * whose drawing took long is followed by a pause three times as long; what is out of sight is drawn in what time is left.
 */
const SPREAD_MS = 220, REST_MAX_MS = 500, FRAME_MAX_MS = 100;
const STEP_MAX = 1500;            // characters at once: more could be a long task
const SPARE_MS = 8;               // of a frame, for what is not urgent

const isCalm = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

/** How much of text to show now; never half of a surrogate pair. ms = Infinity: as much as one step may be. */
export function portion(text, ms) {
	let n = Math.min(STEP_MAX, Math.max(2, Math.ceil(text.length * ms / SPREAD_MS)));
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
		this.spare = [];
		this.frame = 0;
		this.last = 0;
		this.restUntil = 0;
	}

	/** job(ms) draws for one frame and returns whether more is left. ms = Infinity: without pacing. */
	add(job) {
		this.jobs.add(job);
		this.#schedule();
	}

	/** The same, when there is time; the last one first. */
	addSpare(job) {
		this.spare.push(job);
		this.#schedule();
	}

	remove(job) {
		this.jobs.delete(job);
		this.spare = this.spare.filter((j) => j !== job);
	}

	clear() {
		this.jobs.clear();
		this.spare = [];
	}

	/** A hidden tab has no frames. */
	#schedule() {
		if (document.hidden)
			setTimeout(() => this.#run(performance.now()), 0);
		else if (!this.frame)
			this.frame = requestAnimationFrame((now) => { this.frame = 0; this.#run(now); });
	}

	#run(now) {
		if (this.jobs.size === 0 && this.spare.length === 0)
			return;
		if (now < this.restUntil && !document.hidden) {
			this.#schedule();
			return;
		}
		const ms = document.hidden || isCalm() ? Infinity : Math.min(FRAME_MAX_MS, Math.max(1, now - this.last));
		this.last = now;
		const start = performance.now();
		const isUrgent = this.jobs.size > 0;
		for (const job of [...this.jobs])
			if (!job(ms))
				this.jobs.delete(job);
		while (this.spare.length > 0 && performance.now() - start < SPARE_MS)
			if (!this.spare.at(-1)(Infinity))
				this.spare.pop();
		this.after();
		this.restUntil = isUrgent ? now + Math.min(REST_MAX_MS, 3 * (performance.now() - start)) : 0;
		if (this.jobs.size > 0 || this.spare.length > 0)
			this.#schedule();
	}
}
