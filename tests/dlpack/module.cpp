// A Python module that exchanges tensors with NumPy and PyTorch; tests/dlpack/exchange.py uses it.
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <memory>
#include <stdexcept>
#include <string>

#include <tenon/dlpack.hpp>

namespace tn = tenon;
namespace dlpack = tenon::dlpack;

namespace {

/// What `lend` has exported last, to see whether it still lives.
std::weak_ptr<tn::tensor<float, tn::dyn, 3>> lent;

template <class Managed>
constexpr char const* capsule_name =
    std::is_same_v<Managed, dlpack::managed_tensor> ? "dltensor" : "dltensor_versioned";
template <class Managed>
constexpr char const* used_name =
    std::is_same_v<Managed, dlpack::managed_tensor> ? "used_dltensor" : "used_dltensor_versioned";

/// A capsule that owns exported elements until somebody takes them and renames it.
template <class Managed>
PyObject* capsule_of(dlpack::handle<Managed> handle) {
    return PyCapsule_New(handle.release(), capsule_name<Managed>, [](PyObject* capsule) {
        if (!PyCapsule_IsValid(capsule, capsule_name<Managed>)) return;
        dlpack::give_back{}(static_cast<Managed*>(PyCapsule_GetPointer(capsule, capsule_name<Managed>)));
    });
}
/// Calls f with the structure of a capsule, which is used then; an error is Python's ValueError.
template <class F>
PyObject* with_structure(PyObject* capsule, F const& f) {
    try {
        if (PyCapsule_IsValid(capsule, capsule_name<dlpack::managed_tensor>))
            return f(static_cast<dlpack::managed_tensor*>(
                PyCapsule_GetPointer(capsule, capsule_name<dlpack::managed_tensor>)));
        if (PyCapsule_IsValid(capsule, capsule_name<dlpack::managed_tensor_versioned>))
            return f(static_cast<dlpack::managed_tensor_versioned*>(
                PyCapsule_GetPointer(capsule, capsule_name<dlpack::managed_tensor_versioned>)));
        throw std::invalid_argument("no DLPack capsule, or one that was used");
    } catch (std::exception const& e) {
        PyErr_SetString(PyExc_ValueError, e.what());
        return nullptr;
    }
}
template <class T, std::size_t... E, class Managed>
auto take(PyObject* capsule, Managed* m) {
    auto t = tn::from_dlpack<T, E...>(m);
    PyCapsule_SetName(capsule, used_name<Managed>);
    return t;
}

/// lend(rows, versioned): 0, 1, 2, … in rows of 3.
PyObject* lend(PyObject*, PyObject* arguments) {
    Py_ssize_t rows = 0;
    int versioned = 0;
    if (!PyArg_ParseTuple(arguments, "np", &rows, &versioned)) return nullptr;
    auto const t = std::make_shared<tn::tensor<float, tn::dyn, 3>>(static_cast<std::size_t>(rows));
    *t = tn::arange<float>(0, static_cast<float>(3 * rows)).reshape<-1, 3>();
    lent = t;
    return versioned ? capsule_of(tn::to_dlpack(t)) : capsule_of(tn::to_dlpack<dlpack::managed_tensor>(t));
}
/// Whether somebody still has what `lend` gave last.
PyObject* lives(PyObject*, PyObject*) { return PyBool_FromLong(!lent.expired()); }
/// The first element of what `lend` gave last, as it is in memory now.
PyObject* first(PyObject*, PyObject*) { return PyFloat_FromDouble(static_cast<double>((*lent.lock())(0, 0))); }
/// A constant, which NumPy must not write to.
PyObject* constant(PyObject*, PyObject*) {
    return capsule_of(tn::to_dlpack(std::make_shared<tn::tensor<double, 2> const>(tn::tensor<double, 2>({1, 2}))));
}
/// doubled(capsule): doubles the elements of a matrix of floats where they are, and gives their sum.
PyObject* doubled(PyObject*, PyObject* capsule) {
    return with_structure(capsule, [&](auto* m) {
        auto x = take<float, tn::dyn, tn::dyn>(capsule, m);
        x *= 2.f;
        return PyFloat_FromDouble(static_cast<double>(tn::sum(x).item()));
    });
}
/// total(capsule): the sum of a vector of 64-bit integers, which is only read.
PyObject* total(PyObject*, PyObject* capsule) {
    return with_structure(capsule, [&](auto* m) {
        return PyLong_FromLongLong(tn::sum(take<std::int64_t const, tn::dyn>(capsule, m)).item());
    });
}
/// softmax(capsule): of the rows of a matrix of floats, as a new capsule.
PyObject* softmax(PyObject*, PyObject* capsule) {
    return with_structure(capsule, [&](auto* m) {
        return capsule_of(
            tn::to_dlpack<dlpack::managed_tensor>(tn::softmax<1>(take<float const, tn::dyn, tn::dyn>(capsule, m))));
    });
}

PyMethodDef methods[] = {
    {"lend", lend, METH_VARARGS, nullptr},  {"lives", lives, METH_NOARGS, nullptr},
    {"first", first, METH_NOARGS, nullptr}, {"constant", constant, METH_NOARGS, nullptr},
    {"doubled", doubled, METH_O, nullptr},  {"total", total, METH_O, nullptr},
    {"softmax", softmax, METH_O, nullptr},  {nullptr, nullptr, 0, nullptr},
};
PyModuleDef module = {PyModuleDef_HEAD_INIT, "tenon_dlpack", nullptr, -1, methods, nullptr, nullptr, nullptr, nullptr};

}  // namespace

PyMODINIT_FUNC PyInit_tenon_dlpack() { return PyModule_Create(&module); }
