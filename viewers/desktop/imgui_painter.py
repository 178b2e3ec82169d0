"""Dear ImGui drawn by moderngl; the binding's own painters need another OpenGL package."""

import ctypes
from typing import Any

import moderngl
import numpy as np
from imgui_bundle import imgui

from viewers.desktop.shader import assign, program


class ImguiPainter:
    """Draws what the current ImGui context holds, and keeps its textures."""

    def __init__(self, context: moderngl.Context) -> None:
        self._context = context
        self._program = program(context, "interface.vert", "interface.frag")
        self._vertices = context.buffer(reserve=1 << 16, dynamic=True)
        self._indices = context.buffer(reserve=1 << 16, dynamic=True)
        self._array = self._make_array()
        self._textures: dict[int, moderngl.Texture] = {}
        io = imgui.get_io()
        io.backend_flags |= imgui.BackendFlags_.renderer_has_textures
        io.set_ini_filename("")
        platform = imgui.get_platform_io()
        platform.renderer_texture_max_width = platform.renderer_texture_max_height = 4096

    def draw(self, target: moderngl.Framebuffer) -> None:
        """Draw the frame that was ended last into a framebuffer."""
        for texture in imgui.get_platform_io().textures:
            if texture.status != imgui.ImTextureStatus.ok:
                self._take(texture)
        data = imgui.get_draw_data()
        scale, size = data.framebuffer_scale, data.display_size
        height = int(size.y * scale.y)
        assign(self._program, {"size": (size.x, size.y), "atlas": 0})
        target.viewport = 0, 0, int(size.x * scale.x), height
        target.use()
        self._context.enable_only(moderngl.BLEND)
        self._context.blend_func = moderngl.SRC_ALPHA, moderngl.ONE_MINUS_SRC_ALPHA
        for commands in data.cmd_lists:
            self._upload(commands)
            for command in commands.cmd_buffer:
                box = command.clip_rect
                left, right = int(box.x * scale.x), int(box.z * scale.x)
                top, bottom = int(box.y * scale.y), int(box.w * scale.y)
                if right <= left or bottom <= top:
                    continue
                target.scissor = left, height - bottom, right - left, bottom - top
                self._textures[command.get_tex_id()].use(0)
                self._array.render(
                    moderngl.TRIANGLES, vertices=command.elem_count, first=command.idx_offset
                )
        whole: Any = None
        target.scissor = whole
        self._context.enable_only(moderngl.NOTHING)

    def release(self) -> None:
        """Give the memory back."""
        for texture in imgui.get_platform_io().textures:
            texture.set_tex_id(0)
            texture.status = imgui.ImTextureStatus.destroyed
        for texture in self._textures.values():
            texture.release()
        for thing in (self._array, self._vertices, self._indices, self._program):
            thing.release()

    def _make_array(self) -> moderngl.VertexArray:
        content = [(self._vertices, "2f 2f 4f1", "in_place", "in_uv", "in_color")]
        return self._context.vertex_array(
            self._program, content, self._indices, index_element_size=imgui.INDEX_SIZE
        )

    def _upload(self, commands: imgui.ImDrawList) -> None:
        vertices = _bytes_at(
            commands.vtx_buffer.data_address(), commands.vtx_buffer.size() * imgui.VERTEX_SIZE
        )
        indices = _bytes_at(
            commands.idx_buffer.data_address(), commands.idx_buffer.size() * imgui.INDEX_SIZE
        )
        if len(vertices) > self._vertices.size or len(indices) > self._indices.size:
            self._array.release()
            self._vertices.orphan(max(2 * len(vertices), self._vertices.size))
            self._indices.orphan(max(2 * len(indices), self._indices.size))
            self._array = self._make_array()
        self._vertices.orphan()
        self._indices.orphan()
        self._vertices.write(vertices)
        self._indices.write(indices)

    def _take(self, texture: imgui.ImTextureData) -> None:
        """Do what ImGui asks for: make a texture, change it, or let it go."""
        status = imgui.ImTextureStatus
        if texture.status == status.want_destroy:
            self._textures.pop(texture.get_tex_id()).release()
            texture.set_tex_id(0)
            texture.status = status.destroyed
            return
        size = texture.width, texture.height
        pixels = np.asarray(texture.get_pixels_array()).tobytes()
        if texture.status == status.want_create:
            made = self._context.texture(size, 4, pixels)
            made.repeat_x = made.repeat_y = False
            self._textures[made.glo] = made
            texture.set_tex_id(made.glo)
        else:
            self._textures[texture.get_tex_id()].write(pixels)
        texture.status = status.ok


def _bytes_at(address: int, count: int) -> ctypes.Array[ctypes.c_ubyte]:
    return (ctypes.c_ubyte * count).from_address(address)
