"""How nvcc builds a program with Tenon where there is no Meson: for tests/tools/device.py and benchmarks/device.py."""

import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# For programs that find no device, as Meson takes it.
SKIPPED = 77


def add_options(parser):
    parser.add_argument('--arch', help='architecture, as sm_90; else the device is asked')
    parser.add_argument('--eigen', type=pathlib.Path, metavar='DIR', default=pathlib.Path('/usr/include/eigen3'), help='folder with Eigen/')
    parser.add_argument('--nvcc', default=shutil.which('nvcc') or '/usr/local/cuda/bin/nvcc')
    parser.add_argument('--ccbin', default=shutil.which('g++-12'), help='host compiler; g++ 12 where there is one, else nvcc\'s own choice')
    parser.add_argument('--build', type=pathlib.Path, default=ROOT / 'build-device', metavar='DIR')


def architecture():
    """That of the first device."""
    try:
        found = subprocess.run(['nvidia-smi', '--query-gpu=compute_cap', '--format=csv,noheader'], check=True, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.split()
    except (OSError, subprocess.CalledProcessError):
        found = []
    if not found:
        sys.exit('nvidia-smi names no device: say --arch sm_90 or the like')
    return 'sm_' + found[0].replace('.', '')


def toolkit(options):
    return pathlib.Path(options.nvcc).resolve().parent.parent


def python_cublas():
    """Folders of cuBLASLt's headers and library in this Python, whose packages bring what PyTorch needs."""
    for path in sys.path:
        for name in ('nvidia/cu13', 'nvidia/cublas'):
            folder = pathlib.Path(path) / name
            if list(folder.glob('lib/libcublasLt.so.*')):
                return folder
    return None


def has_cublas(options):
    return any((toolkit(options) / name / 'cublasLt.h').exists() for name in ('include', 'targets/x86_64-linux/include'))


def host_command(options):
    """nvcc and what host code needs."""
    command = [options.nvcc, '-std=c++20', '-isystem', options.eigen, '-I', ROOT / 'include', '-I', ROOT / 'kernels']
    if not has_cublas(options) and python_cublas():
        command += ['-isystem', python_cublas() / 'include']
    return command + (['-ccbin', options.ccbin] if options.ccbin else [])


def device_command(options):
    """nvcc and what a program for the device needs."""
    number = (options.arch or architecture()).removeprefix('sm_')
    return [*host_command(options), '--expt-relaxed-constexpr', '--extended-lambda', '-diag-suppress', '186,554', '-gencode',
            f'arch=compute_{number},code=sm_{number}']


def libraries(options):
    """Arguments that link a program, without its symbols, so that it is found where it was built and elsewhere."""
    if has_cublas(options) or not python_cublas():
        return ['-lcublasLt', '-Xlinker', f'-rpath,{toolkit(options) / "lib64"}', '-Xlinker', '-s']
    library = next((python_cublas() / 'lib').glob('libcublasLt.so.*'))
    return [library, '-Xlinker', f'-rpath,{library.parent}', '-Xlinker', '-s']


def environment():
    """In which a program finds cuBLASLt: PyTorch's, where this Python has it."""
    folders = [str(python_cublas() / 'lib')] if python_cublas() else []
    return {**os.environ, 'LD_LIBRARY_PATH': os.pathsep.join(folders + [os.environ.get('LD_LIBRARY_PATH', '')]).strip(os.pathsep)}
