// Search on pages that are opened from a disk: browsers refuse them real workers, so here is one in a frame.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super()
      const frame = document.createElement("iframe")
      frame.hidden = true
      document.body.append(frame)
      const inner = frame.contentWindow
      const load = source =>
        new Promise((resolve, reject) => {
          const script = inner.document.createElement("script")
          Object.assign(script, { src: source, async: false, onload: resolve, onerror: reject })
          inner.document.head.append(script)
        })
      inner.importScripts = (...sources) => Promise.all(sources.map(load))
      inner.postMessage = data => this.dispatchEvent(new MessageEvent("message", { data }))
      this.inner = inner
      this.ready = load(url)
    }

    postMessage(data) {
      this.ready.then(() => this.inner.dispatchEvent(new MessageEvent("message", { data })))
    }
  }
}
