// A Gaussian in space to an ellipse in the picture, and the way back for gradients.
//
// Zwicker et al. 2001 (EWA splatting), Kerbl et al. 2023 (3D Gaussian splatting), Yu et al. 2024
// (Mip-Splatting: what the blur makes wider, it makes fainter). `F` is a float, or many at once.
#pragma once

#include "common/portable.h"

namespace avatar::AVATAR_ISA {

struct SplatCamera {
    float rotation[9], translation[3];
    float focal_x, focal_y, centre_x, centre_y;
    float slope_left, slope_right, slope_top, slope_bottom;  // how oblique a splat is drawn at most
    float blur;
};

template <typename F>
struct Projection {
    F point[3];               // in the camera
    F inverse_depth;          //
    F slope_x, slope_y;       // x / z and y / z, cut to the camera's limits
    F x, y;                   // pixels
    F unit[4], inverse_norm;  // the normalised quaternion
    F turn[3][3];             // its matrix
    F axes[3][3];             // the ellipsoid's axes in the camera, as columns
    F row_x[3], row_y[3];     // what each axis of unit length is in the picture, pixels
    F xx, xy, yy;             // covariance after the blur, square pixels
    F sharp_det, det;         // determinant before and after the blur
};

template <typename F>
AVATAR_INLINE Projection<F> project(const SplatCamera& camera, const F* mean, const F* quaternion,
                                    const F* scale) {
    Projection<F> p;
    const float* r = camera.rotation;
    for (int i = 0; i < 3; ++i) {
        p.point[i] = mean[0] * r[3 * i] + mean[1] * r[3 * i + 1] + mean[2] * r[3 * i + 2] +
                     camera.translation[i];
    }
    p.inverse_depth = F(1.0f) / p.point[2];
    const F slope_x = p.point[0] * p.inverse_depth, slope_y = p.point[1] * p.inverse_depth;
    p.x = slope_x * camera.focal_x + camera.centre_x;
    p.y = slope_y * camera.focal_y + camera.centre_y;
    p.slope_x = min(max(slope_x, F(camera.slope_left)), F(camera.slope_right));
    p.slope_y = min(max(slope_y, F(camera.slope_top)), F(camera.slope_bottom));

    const F square = quaternion[0] * quaternion[0] + quaternion[1] * quaternion[1] +
                     quaternion[2] * quaternion[2] + quaternion[3] * quaternion[3];
    p.inverse_norm = F(1.0f) / sqrt(square);
    for (int i = 0; i < 4; ++i) p.unit[i] = quaternion[i] * p.inverse_norm;
    const F x = p.unit[0], y = p.unit[1], z = p.unit[2], w = p.unit[3];
    p.turn[0][0] = F(1.0f) - F(2.0f) * (y * y + z * z);
    p.turn[0][1] = F(2.0f) * (x * y - w * z);
    p.turn[0][2] = F(2.0f) * (x * z + w * y);
    p.turn[1][0] = F(2.0f) * (x * y + w * z);
    p.turn[1][1] = F(1.0f) - F(2.0f) * (x * x + z * z);
    p.turn[1][2] = F(2.0f) * (y * z - w * x);
    p.turn[2][0] = F(2.0f) * (x * z - w * y);
    p.turn[2][1] = F(2.0f) * (y * z + w * x);
    p.turn[2][2] = F(1.0f) - F(2.0f) * (x * x + y * y);

    const F zoom_x = p.inverse_depth * camera.focal_x, zoom_y = p.inverse_depth * camera.focal_y;
    F u[3], v[3];
    for (int j = 0; j < 3; ++j) {
        for (int i = 0; i < 3; ++i) {
            p.axes[i][j] =
                p.turn[0][j] * r[3 * i] + p.turn[1][j] * r[3 * i + 1] + p.turn[2][j] * r[3 * i + 2];
        }
        p.row_x[j] = zoom_x * (p.axes[0][j] - p.slope_x * p.axes[2][j]);
        p.row_y[j] = zoom_y * (p.axes[1][j] - p.slope_y * p.axes[2][j]);
        u[j] = p.row_x[j] * scale[j];
        v[j] = p.row_y[j] * scale[j];
    }
    const F sharp_xx = u[0] * u[0] + u[1] * u[1] + u[2] * u[2];
    const F sharp_yy = v[0] * v[0] + v[1] * v[1] + v[2] * v[2];
    p.xx = sharp_xx + camera.blur;
    p.xy = u[0] * v[0] + u[1] * v[1] + u[2] * v[2];
    p.yy = sharp_yy + camera.blur;
    // Lagrange's identity: no cancellation, however thin the ellipse.
    const F a = u[1] * v[2] - u[2] * v[1], b = u[2] * v[0] - u[0] * v[2],
            c = u[0] * v[1] - u[1] * v[0];
    p.sharp_det = a * a + b * b + c * c;
    p.det = p.sharp_det + (sharp_xx + sharp_yy + camera.blur) * camera.blur;
    return p;
}

template <typename F>
struct ProjectionGradient {
    F x, y, depth;  // of the centre, pixels; of its depth
    F xx, xy, yy;   // of the blurred covariance, xy counted once
    F sharp_det;    //
};

template <typename F>
struct SplatGradient {
    F mean[3], rotation[4], scale[3];
    F camera_rotation[9], camera_translation[3], focal_x, focal_y, centre_x, centre_y;
};

template <typename F>
AVATAR_INLINE SplatGradient<F> project_backward(const SplatCamera& camera, const Projection<F>& p,
                                                const F* mean, const F* scale,
                                                const ProjectionGradient<F>& in) {
    SplatGradient<F> out;
    const float* r = camera.rotation;
    const F zoom_x = p.inverse_depth * camera.focal_x, zoom_y = p.inverse_depth * camera.focal_y;
    F u[3], v[3];
    for (int j = 0; j < 3; ++j) {
        u[j] = p.row_x[j] * scale[j];
        v[j] = p.row_y[j] * scale[j];
    }
    const F normal[3] = {u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2],
                         u[0] * v[1] - u[1] * v[0]};
    F axes[3][3], slope_x = 0.0f, slope_y = 0.0f, zoom_x_gradient = 0.0f, zoom_y_gradient = 0.0f;
    for (int j = 0; j < 3; ++j) {
        const int k = (j + 1) % 3, l = (j + 2) % 3;
        const F du =
            F(2.0f) * (in.xx * u[j] + in.sharp_det * (v[k] * normal[l] - v[l] * normal[k])) +
            in.xy * v[j];
        const F dv =
            F(2.0f) * (in.yy * v[j] + in.sharp_det * (normal[k] * u[l] - normal[l] * u[k])) +
            in.xy * u[j];
        out.scale[j] = du * p.row_x[j] + dv * p.row_y[j];
        const F dx = du * scale[j], dy = dv * scale[j];
        axes[0][j] = zoom_x * dx;
        axes[1][j] = zoom_y * dy;
        axes[2][j] = F(0.0f) - (axes[0][j] * p.slope_x + axes[1][j] * p.slope_y);
        slope_x = slope_x - axes[0][j] * p.axes[2][j];
        slope_y = slope_y - axes[1][j] * p.axes[2][j];
        zoom_x_gradient = zoom_x_gradient + dx * (p.axes[0][j] - p.slope_x * p.axes[2][j]);
        zoom_y_gradient = zoom_y_gradient + dy * (p.axes[1][j] - p.slope_y * p.axes[2][j]);
    }

    const F true_x = p.point[0] * p.inverse_depth, true_y = p.point[1] * p.inverse_depth;
    const auto free_x = (true_x > F(camera.slope_left)) & (F(camera.slope_right) > true_x);
    const auto free_y = (true_y > F(camera.slope_top)) & (F(camera.slope_bottom) > true_y);
    const F ray_x = in.x * camera.focal_x + select(free_x, slope_x, F(0.0f));
    const F ray_y = in.y * camera.focal_y + select(free_y, slope_y, F(0.0f));
    const F inverse_depth = p.point[0] * ray_x + p.point[1] * ray_y +
                            zoom_x_gradient * camera.focal_x + zoom_y_gradient * camera.focal_y;
    const F point[3] = {p.inverse_depth * ray_x, p.inverse_depth * ray_y,
                        in.depth - p.inverse_depth * p.inverse_depth * inverse_depth};

    F turn[3][3];
    for (int k = 0; k < 3; ++k) {
        out.mean[k] = point[0] * r[k] + point[1] * r[3 + k] + point[2] * r[6 + k];
        for (int j = 0; j < 3; ++j) {
            turn[k][j] = axes[0][j] * r[k] + axes[1][j] * r[3 + k] + axes[2][j] * r[6 + k];
        }
        for (int i = 0; i < 3; ++i) {
            out.camera_rotation[3 * i + k] = point[i] * mean[k] + axes[i][0] * p.turn[k][0] +
                                             axes[i][1] * p.turn[k][1] + axes[i][2] * p.turn[k][2];
        }
        out.camera_translation[k] = point[k];
    }
    out.focal_x = in.x * true_x + zoom_x_gradient * p.inverse_depth;
    out.focal_y = in.y * true_y + zoom_y_gradient * p.inverse_depth;
    out.centre_x = in.x;
    out.centre_y = in.y;

    const F x = p.unit[0], y = p.unit[1], z = p.unit[2], w = p.unit[3];
    const F xy = turn[1][0] + turn[0][1], xz = turn[2][0] + turn[0][2],
            yz = turn[2][1] + turn[1][2];
    const F wx = turn[2][1] - turn[1][2], wy = turn[0][2] - turn[2][0],
            wz = turn[1][0] - turn[0][1];
    const F two = 2.0f;
    const F unit[4] = {two * (y * xy + z * xz + w * wx - two * x * (turn[1][1] + turn[2][2])),
                       two * (x * xy + z * yz + w * wy - two * y * (turn[0][0] + turn[2][2])),
                       two * (x * xz + y * yz + w * wz - two * z * (turn[0][0] + turn[1][1])),
                       two * (x * wx + y * wy + z * wz)};
    const F along = unit[0] * x + unit[1] * y + unit[2] * z + unit[3] * w;
    for (int i = 0; i < 4; ++i) out.rotation[i] = (unit[i] - along * p.unit[i]) * p.inverse_norm;
    return out;
}

}  // namespace avatar::AVATAR_ISA
