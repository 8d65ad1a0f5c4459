/** Seconds that a follower may be away from the leader: half of a frame at 25 fps is 0.02. */
const IN_STEP = 0.008;

/** Seconds beyond which a follower jumps instead of catching up. */
const LOST = 0.3;

/** Seconds after which a seek that never ends is given up. */
const PATIENCE = 4;

/**
 * Several videos as one: they play, pause and jump together. The first that plays is the leader,
 * whose clock and sound count; the others are held to it by small changes of their speed.
 */
class Player {
  constructor(fps, frames) {
    this.fps = fps;
    this.frames = frames;
    this.frame = 0;
    this.playing = false;
    this.loop = true;
    this.rate = 1;
    this.muted = false;
    this.videos = [];
    this.listeners = [];
    this.seeking = null;
    this.wanted = 0;
    this.closed = false;
  }

  /** Call a function with the frame whenever that, or whether it plays, changes. */
  listen(listener) {
    this.listeners.push(listener);
  }

  /** Take in a video; it goes to the current frame. */
  async add(video) {
    await ready(video);
    // One that turned out to be damaged meanwhile has lost its source.
    if (video.error || !video.getAttribute("src")) return;
    if (this.closed) {
      release(video);
      return;
    }
    this.videos.push(video);
    this.chooseLeader();
    await seekTo(video, this.timeOf(this.frame));
    if (this.playing) await video.play();
  }

  remove(video) {
    this.videos = this.videos.filter((other) => other !== video);
    release(video);
    this.chooseLeader();
  }

  /** Stop, and let go of all videos. */
  close() {
    this.closed = true;
    this.playing = false;
    this.listeners = [];
    for (const video of this.videos) release(video);
    this.videos = [];
  }

  async play() {
    if (this.playing || !this.videos.length) return;
    this.playing = true;
    this.tell();
    if (this.frame >= this.frames - 1) await this.seek(0);
    this.startAll();
    requestAnimationFrame(() => this.follow());
  }

  /** Stop, all at one frame. */
  async pause() {
    if (!this.playing) return;
    this.playing = false;
    for (const video of this.videos) video.pause();
    this.tell();
    await this.seek(this.frame);
  }

  toggle() {
    return this.playing ? this.pause() : this.play();
  }

  step(frames) {
    const from = this.seeking ? this.wanted : this.frame;
    if (!this.playing) return this.seek(from + frames);
    return this.pause().then(() => this.seek(from + frames));
  }

  /** Jump. While a jump is on its way only the latest wish is kept, so that scrubbing is smooth. */
  seek(frame) {
    this.wanted = clamp(Math.round(frame), 0, this.frames - 1);
    if (!this.seeking) {
      this.seeking = this.seekWanted().finally(() => {
        this.seeking = null;
      });
    }
    return this.seeking;
  }

  async seekWanted() {
    let reached = -1;
    while (reached !== this.wanted) {
      reached = this.wanted;
      this.show(reached);
      const time = this.timeOf(reached);
      await Promise.all(this.videos.map((video) => seekTo(video, time)));
    }
  }

  setRate(rate) {
    this.rate = rate;
    for (const video of this.videos) video.playbackRate = rate;
  }

  setMuted(muted) {
    this.muted = muted;
    this.chooseLeader();
  }

  chooseLeader() {
    this.leader = this.videos.find((video) => video.dataset.sound === "yes") ?? this.videos[0];
    for (const video of this.videos) {
      video.muted = this.muted || video !== this.leader;
      video.playbackRate = this.rate;
    }
  }

  /** Start every video; not awaited by others, for one that is stuck must not hold up the rest. */
  async startAll() {
    this.setRate(this.rate);
    try {
      await Promise.all(this.videos.map((video) => video.play()));
    } catch (error) {
      if (error.name === "NotAllowedError") {
        // Without a click on the page a browser plays no sound.
        this.setMuted(true);
        await Promise.all(this.videos.map((video) => video.play()));
      } else if (error.name !== "AbortError") {
        throw error;
      }
    }
  }

  async follow() {
    if (!this.playing || !this.leader) return;
    if (!this.seeking) {
      const time = this.leader.currentTime;
      this.show(clamp(Math.floor(time * this.fps + 1e-3), 0, this.frames - 1));
      for (const video of this.videos) if (video !== this.leader) this.hold(video, time);
      if (this.leader.ended || time >= this.frames / this.fps) await this.finish();
    }
    requestAnimationFrame(() => this.follow());
  }

  /** Hold a video to the time of the leader. */
  hold(video, time) {
    const ahead = video.currentTime - time;
    if (video.ended || video.seeking) return;
    if (Math.abs(ahead) > LOST) video.currentTime = time;
    else if (Math.abs(ahead) < IN_STEP) video.playbackRate = this.rate;
    else video.playbackRate = this.rate * (1 - clamp(ahead * 5, -0.5, 0.5));
  }

  async finish() {
    if (!this.loop) {
      this.frame = this.frames - 1;
      await this.pause();
      return;
    }
    await this.seek(0);
    if (this.playing) this.startAll();
  }

  /** The middle of a frame: at its very start rounding decides which one is seen. */
  timeOf(frame) {
    return (frame + 0.5) / this.fps;
  }

  show(frame) {
    if (frame === this.frame) return;
    this.frame = frame;
    this.tell();
  }

  tell() {
    for (const listener of this.listeners) listener(this.frame, this.playing);
  }
}

/** Let go of the decoder of a video. */
function release(video) {
  video.pause();
  video.removeAttribute("src");
  video.load();
}

/** Wait until a video shows its first picture, or cannot. */
function ready(video) {
  if (video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA || video.error) return Promise.resolve();
  return happening(video, ["loadeddata", "error"]);
}

/** Go to a time, and wait until its picture is there. */
function seekTo(video, time) {
  if (Math.abs(video.currentTime - time) < 1e-4 || video.error) return Promise.resolve();
  const arrival = happening(video, ["seeked", "error", "emptied"]);
  video.currentTime = time;
  return arrival;
}

function happening(target, names) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, PATIENCE * 1000);
    for (const name of names) {
      target.addEventListener(name, () => {
        clearTimeout(timer);
        resolve();
      }, { once: true });
    }
  });
}
