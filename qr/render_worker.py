"""`python -m qr.render_worker`: renders the jobs that arrive on stdin, one by one, until stdin closes.

A separate process can be killed: this one decodes untrusted images and holds the GIL while rendering. The
kernel bounds its memory, and its CPU time for each picture, and kills it when it exceeds either.

Its end of stdin is all that ties it to its parent. A signal at the parent's death (PR_SET_PDEATHSIG) would come when
the thread that started it ends, in the middle of a picture for another.
"""

import resource
import signal
import sys

from qr import render_pool
from qr.errors import Refused, Unreadable
from qr.render import draw, measure, scene_of

MEMORY_BYTES = 3 * 1024**3
CPU_S = 20


def main() -> None:
    # Ctrl-C reaches the whole process group; a worker ends with its parent instead.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    while (message := render_pool.receive(sys.stdin.buffer)) is not None:
        used = resource.getrusage(resource.RUSAGE_SELF)
        spent = int(used.ru_utime + used.ru_stime)
        resource.setrlimit(resource.RLIMIT_CPU, (spent + CPU_S, resource.RLIM_INFINITY))
        render_pool.send(sys.stdout.buffer, render_pool.encode(_render(render_pool.decode_job(message))))


def _render(job: render_pool.RenderJob) -> render_pool.RenderResult:
    try:
        if job.format == render_pool.MEASURED:
            measured = measure(job.data, job.style, job.size, more_fonts=job.more_fonts)
            return render_pool.RenderResult(render_pool.encode(measured))
        if job.format == render_pool.SCENE:
            scene = scene_of(job.data, job.style, more_fonts=job.more_fonts)
            return render_pool.RenderResult(render_pool.encode(scene))
        return render_pool.RenderResult(draw(job.data, job.style, job.format, job.size, more_fonts=job.more_fonts))
    except Refused as refused:
        unreadable = isinstance(refused, Unreadable)
        return render_pool.RenderResult(field=refused.field, message=refused.message, unreadable=unreadable)


if __name__ == "__main__":
    main()
