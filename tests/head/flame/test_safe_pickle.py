"""A pickle's arrays come out; anything that would run does not."""

import collections
import copyreg
import os
import pickle
import struct
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from avatar.core.errors import ModelError
from avatar.head.flame.safe_pickle import read_pickled_arrays


def read(path: Path) -> dict[str, np.ndarray]:
    return dict(read_pickled_arrays(path, what="FLAME"))


def written(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "model.pkl"
    path.write_bytes(content)
    return path


class Call:
    """Pickles as a call of `function` with `arguments`."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", range(6))
def test_arrays_of_every_protocol_come_out_unchanged(tmp_path, protocol):
    wanted = {
        "doubles": np.arange(6.0).reshape(2, 3),
        "columns": np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)),
        "big_endian": np.arange(4, dtype=">u4"),
        "sparse": sparse.csc_matrix(np.diag([1.0, 0.0, 3.0])),
        "rows": sparse.csr_matrix(np.array([[0, 2.0], [3.0, 0]])),
        "triplets": sparse.coo_matrix(np.array([[0, 2.0], [3.0, 0]])),
        "note": "not an array",
        "number": np.float64(3),
        "people": {"a", "b"},
    }
    found = read(written(tmp_path, pickle.dumps(wanted, protocol)))
    assert set(found) == {"doubles", "columns", "big_endian", "sparse", "rows", "triplets"}
    for name, array in found.items():
        value = wanted[name]
        assert np.array_equal(array, value.toarray() if sparse.issparse(value) else value), name


def test_a_python_2_pickle_with_latin1_bytes_is_read(tmp_path):
    raw = np.array([1.5, -2.0, 3e300]).tobytes()
    assert max(raw) > 127
    # {'a': numpy array}, protocol 2 as Python 2 writes it: byte strings, old module names.
    content = b"".join(
        [
            b"\x80\x02}U\x01acnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85",
            b"U\x01b\x87R(K\x01K\x03\x85cnumpy\ndtype\nU\x02f8K\x00K\x01\x87R(K\x03U\x01<NNNJ",
            b"\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U" + bytes([len(raw)]) + raw + b"tbs.",
        ]
    )
    assert read(written(tmp_path, content))["a"].tolist() == [1.5, -2.0, 3e300]


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_chumpy_variable_stands_for_its_value(tmp_path, monkeypatch, protocol):
    module = types.ModuleType("chumpy.ch")
    chumpy = type("Ch", (), {"__module__": "chumpy.ch"})
    module.Ch = chumpy
    monkeypatch.setitem(sys.modules, "chumpy", types.ModuleType("chumpy"))
    monkeypatch.setitem(sys.modules, "chumpy.ch", module)
    variable = chumpy()
    variable.__dict__.update(x=np.arange(3.0), _dirty_vars={"x"}, _itr=None)
    content = pickle.dumps({"a": variable}, protocol)
    monkeypatch.undo()
    assert read(written(tmp_path, content))["a"].tolist() == [0, 1, 2]


def attacks(target: Path) -> dict[str, object]:
    command = f"touch {target}"
    code = f"open({str(target)!r}, 'w').close()"
    getter = types.SimpleNamespace  # a harmless class nobody needs
    return {
        "system": Call(os.system, command),
        "eval": Call(eval, code),
        "exec": Call(exec, code),
        "open": Call(open, str(target), "w"),
        "nested": {"v_template": [np.zeros(3), {"deep": (Call(os.system, command),)}]},
        "in_a_key": {Call(os.system, command): np.zeros(3)},
        "getattr": Call(getattr, Call(__import__, "os"), "system"),
        "numpy_loader": Call(np.load, str(target)),
        "numpy_text": Call(np.savetxt, str(target), [1.0]),
        "ordered": collections.OrderedDict(a=1),
        "namespace": Call(getter),
        "reconstructor": Call(copyreg._reconstructor, getter, object, None),
    }


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize("name", list(attacks(Path())))
def test_a_pickle_that_calls_something_is_refused_and_nothing_runs(tmp_path, name, protocol):
    target = tmp_path / "ran"
    path = written(tmp_path, pickle.dumps(attacks(target)[name], protocol))
    with pytest.raises(ModelError, match="expected a pickle of arrays alone"):
        read(path)
    assert not target.exists()


@pytest.mark.parametrize(
    "name",
    [
        "numpy.core.multiarray\nfromfile",
        "numpy\ncore.multiarray._reconstruct",
        "numpy.core.multiarray\n_reconstruct.__globals__",
        "numpy.testing._private.utils\nrunstring",
        "numpy.core._multiarray_umath\nexec",
        "scipy.sparse.csc\nos.system",
        "scipy.sparse.os\nsystem",
        "scipy.sparse\ncsc",
        "chumpy.ch\nos",
        "_codecs\ndecode",
        "copy_reg\n__newobj__",
        "builtins\nobject.__subclasses__",
        "posix\nsystem",
    ],
)
def test_names_that_look_like_numpys_are_refused(tmp_path, name):
    target = tmp_path / "ran"
    command = f"touch {target}".encode()
    content = b"c" + name.encode() + b"\n(X" + struct.pack("<I", len(command)) + command + b"tR."
    with pytest.raises(ModelError, match="which a model has no use for"):
        read(written(tmp_path, content))
    assert not target.exists()


@pytest.mark.parametrize(
    "content",
    {
        "persistent": b"\x80\x02Pos.system\n.",
        "extension": b"\x80\x02\x82\x01.",
        "old_instance": b"(S'true'\nios\nsystem\n.",
        "change_a_stand_in": b"c_codecs\nencode\n}U\x01aK\x01sb.",
        "change_a_class": b"cnumpy\ndtype\n}U\x01aK\x01sb.",
        "great_memo": b"\x80\x02}r\xff\xff\xff\xffK\x01.",
        "great_bytes": b"\x80\x05\x96\xff\xff\xff\xff\xff\x00\x00\x00.",
        "great_frame": b"\x80\x04\x95\xff\xff\xff\xff\xff\x00\x00\x00.",
        "great_text": b"\x80\x04\x8d\xff\xff\xff\xff\xff\x00\x00\x00.",
        "great_array": b"cnumpy.core.numeric\n_frombuffer\n(C\x01acnumpy\ndtype\n(U\x02f8tR"
        b"(J\xff\xff\xff\x7fJ\xff\xff\xff\x7ftU\x01CtR.",
        "objects": b"cnumpy\ndtype\n(U\x02O8tR.",
        "empty": b"",
        "text": b"just text",
        "list": b"\x80\x02]q\x00.",
    }.values(),
)
def test_damaged_and_forged_pickles_are_refused(tmp_path, content):
    with pytest.raises(ModelError):
        read(written(tmp_path, content))


def test_a_truncated_pickle_is_refused_wherever_it_ends(tmp_path):
    whole = pickle.dumps({"a": np.arange(30.0), "b": np.arange(3)}, 2)
    for end in range(0, len(whole), 7):
        with pytest.raises(ModelError):
            read(written(tmp_path, whole[:end]))


def test_reading_leaves_the_stand_ins_as_they_were(tmp_path):
    with pytest.raises(ModelError):
        read(written(tmp_path, b"c_codecs\nencode\nN}U\x0c__defaults__Nsb\x86b."))
    good = pickle.dumps({"a": np.arange(3.0)}, 2)
    assert read(written(tmp_path, good))["a"].tolist() == [0, 1, 2]
