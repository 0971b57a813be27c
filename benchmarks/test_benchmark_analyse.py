"""The main job on a 12-megapixel photo: seconds warm, and peak memory of a whole process.

make benchmark
"""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from dermis.formats.images.photo import read_photo
from dermis.pipeline.analyse import analyse, analyse_file
from dermis.pipeline.batch import example_photos

WIDTH_PX, HEIGHT_PX = 3024, 4032

PEAK = """
import json, resource, sys, time
from dermis.pipeline.analyse import analyse_file
seconds = []
for _ in range(3):
    start = time.perf_counter()
    analysis = analyse_file(sys.argv[1])
    seconds.append(time.perf_counter() - start)
peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
figures = {"peak_mb": peak_mb, "first_s": seconds[0], "warm_s": min(seconds[1:])}
print(json.dumps({**figures, "findings": len(analysis.findings)}))
"""


@pytest.fixture(scope="session")
def twelve_megapixels(tmp_path_factory):
    """A selfie brought to the size of a phone photo, a little sensor noise over it."""
    folder = tmp_path_factory.mktemp("benchmark")
    selfie = next(path for path in example_photos(folder) if "selfie" in path.name)
    picture = Image.open(selfie).convert("RGB")
    scale = max(WIDTH_PX / picture.width, HEIGHT_PX / picture.height)
    picture = picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.Resampling.BICUBIC)
    pixels = np.asarray(picture.crop((0, 0, WIDTH_PX, HEIGHT_PX)), dtype=np.float32)
    noisy = np.clip(pixels + np.random.default_rng(0).normal(0, 2, pixels.shape), 0, 255)
    path = folder / "phone.jpg"
    Image.fromarray(noisy.astype(np.uint8)).save(path, quality=92)
    return path


def test_read(benchmark, twelve_megapixels):
    benchmark.pedantic(read_photo, (twelve_megapixels,), rounds=5, warmup_rounds=1)


def test_analyse(benchmark, twelve_megapixels):
    photo = read_photo(twelve_megapixels)
    benchmark.pedantic(analyse, (photo,), rounds=5, warmup_rounds=1)


def test_read_and_analyse(benchmark, twelve_megapixels):
    benchmark.pedantic(analyse_file, (twelve_megapixels,), rounds=5, warmup_rounds=1)


def test_peak_memory(benchmark, twelve_megapixels):
    def whole_process():
        command = [sys.executable, "-c", PEAK, str(twelve_megapixels)]
        return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    result = benchmark.pedantic(whole_process, rounds=1)
    benchmark.extra_info.update(result)
    print(result)
    assert result["findings"] > 0
