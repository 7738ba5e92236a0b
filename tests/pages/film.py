"""A film of one second, made by Chromium: what makes films is not on every machine."""

from pathlib import Path

from tests.pages.chromium import PHONE, Answer, serving, visit

_RECORDER = b"""<!doctype html><canvas width=640 height=360></canvas><script>
const canvas = document.querySelector("canvas"), pen = canvas.getContext("2d");
let at = 0;
setInterval(() => {
  pen.fillStyle = "#f0b27a"; pen.fillRect(0, 0, 640, 220);
  pen.fillStyle = "#24506b"; pen.fillRect(0, 220, 640, 140);
  pen.fillStyle = "#fff4e0"; pen.beginPath(); pen.arc(460, 150, 44, 0, 7); pen.fill();
  pen.fillStyle = "#1d2b36"; pen.fillRect(120 + at++, 190, 150, 34); pen.fillRect(170 + at, 150, 40, 40);
}, 30);
const recorder = new MediaRecorder(canvas.captureStream(), { mimeType: "video/webm" });
recorder.ondataavailable = ({ data }) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(data); link.download = "film.webm"; link.click(); };
recorder.start(); setTimeout(() => recorder.stop(), 1000);
</script>"""


def record(folder: Path) -> bytes:
    recorder = Answer(200, _RECORDER, (("content-type", "text/html"),))
    with serving(lambda *_: recorder) as base:
        job = [{"name": "film", "url": base, "wait": 2500}]
        [seen] = visit(job, views=[{"name": "phone", "scheme": "light", **PHONE}], downloads=folder)
    return Path(seen["downloads"][0]).read_bytes()
