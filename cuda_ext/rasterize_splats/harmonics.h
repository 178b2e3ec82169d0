// Real spherical harmonics up to degree 3, in the order and with the signs of 3D Gaussian splatting
// (Kerbl et al. 2023; Sloan 2013), and their gradients. `F` is a float, or many at once.
#pragma once

#include "common/portable.h"

namespace avatar::AVATAR_ISA {

constexpr int kMostHarmonics = 16;

// Fill the first `count` (1, 4, 9 or 16) basis functions at the unit vector (x, y, z).
template <typename F>
AVATAR_INLINE void harmonic_basis(int count, F x, F y, F z, F* basis) {
    basis[0] = F(0.28209479177387814f);
    if (count < 4) return;
    basis[1] = y * -0.48860251190291987f;
    basis[2] = z * 0.48860251190291987f;
    basis[3] = x * -0.48860251190291987f;
    if (count < 9) return;
    const F xx = x * x, yy = y * y, zz = z * z;
    basis[4] = x * y * 1.0925484305920792f;
    basis[5] = y * z * -1.0925484305920792f;
    basis[6] = (F(2.0f) * zz - xx - yy) * 0.31539156525252005f;
    basis[7] = x * z * -1.0925484305920792f;
    basis[8] = (xx - yy) * 0.5462742152960396f;
    if (count < 16) return;
    basis[9] = y * (F(3.0f) * xx - yy) * -0.5900435899266435f;
    basis[10] = x * y * z * 2.890611442640554f;
    basis[11] = y * (F(4.0f) * zz - xx - yy) * -0.4570457994644658f;
    basis[12] = z * (F(2.0f) * zz - F(3.0f) * xx - F(3.0f) * yy) * 0.3731763325901154f;
    basis[13] = x * (F(4.0f) * zz - xx - yy) * -0.4570457994644658f;
    basis[14] = z * (xx - yy) * 1.445305721320277f;
    basis[15] = x * (xx - F(3.0f) * yy) * -0.5900435899266435f;
}

// Turn the gradient of the basis functions into that of (x, y, z), taken as independent.
template <typename F>
AVATAR_INLINE void harmonic_basis_backward(int count, F x, F y, F z, const F* basis, F* direction) {
    F dx = 0.0f, dy = 0.0f, dz = 0.0f;
    if (count >= 4) {
        dy = dy + basis[1] * -0.48860251190291987f;
        dz = dz + basis[2] * 0.48860251190291987f;
        dx = dx + basis[3] * -0.48860251190291987f;
    }
    if (count >= 9) {
        const F four = basis[4] * 1.0925484305920792f, five = basis[5] * -1.0925484305920792f,
                six = basis[6] * 0.6307831305050401f, seven = basis[7] * -1.0925484305920792f,
                eight = basis[8] * 1.0925484305920792f;
        dx = dx + four * y - six * x + seven * z + eight * x;
        dy = dy + four * x + five * z - six * y - eight * y;
        dz = dz + five * y + F(2.0f) * six * z + seven * x;
    }
    if (count >= 16) {
        const F xx = x * x, yy = y * y, zz = z * z;
        const F b9 = basis[9] * -0.5900435899266435f, b10 = basis[10] * 2.890611442640554f,
                b11 = basis[11] * -0.4570457994644658f, b12 = basis[12] * 0.3731763325901154f,
                b13 = basis[13] * -0.4570457994644658f, b14 = basis[14] * 1.445305721320277f,
                b15 = basis[15] * -0.5900435899266435f;
        const F two = 2.0f, three = 3.0f, four = 4.0f, six = 6.0f, eight = 8.0f;
        dx = dx + b9 * six * x * y + b10 * y * z - b11 * two * x * y - b12 * six * x * z +
             b13 * (four * zz - three * xx - yy) + b14 * two * x * z + b15 * three * (xx - yy);
        dy = dy + b9 * three * (xx - yy) + b10 * x * z + b11 * (four * zz - xx - three * yy) -
             b12 * six * y * z - b13 * two * x * y - b14 * two * y * z - b15 * six * x * y;
        dz = dz + b10 * x * y + b11 * eight * y * z + b12 * (six * zz - three * xx - three * yy) +
             b13 * eight * x * z + b14 * (xx - yy);
    }
    direction[0] = dx;
    direction[1] = dy;
    direction[2] = dz;
}

}  // namespace avatar::AVATAR_ISA
