# lua/stdlib/*.lua as a C file: stripped bytecode when program and tool link the same Lua archive, else source.
file(GLOB SNT_STDLIB_FILES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/lua/stdlib/*.lua)
set(SNT_STDLIB_SOURCE ${CMAKE_BINARY_DIR}/generated/snt_stdlib.c)
if(SENTINEL_LUA_IS_STATIC)
  set(SNT_STDLIB_FORM bytecode)
else()
  set(SNT_STDLIB_FORM source)
endif()

add_executable(snt_gen_embed ${CMAKE_SOURCE_DIR}/src/lua/gen/embed.c)
target_compile_options(snt_gen_embed PRIVATE -std=gnu2x -Wall -Wextra)
target_link_libraries(snt_gen_embed PRIVATE dep_lua)
add_custom_command(
  OUTPUT ${SNT_STDLIB_SOURCE}
  COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/generated
  COMMAND snt_gen_embed ${SNT_STDLIB_SOURCE} ${SNT_STDLIB_FORM} ${SNT_STDLIB_FILES}
  DEPENDS snt_gen_embed ${SNT_STDLIB_FILES}
  COMMENT "Embedding lua/stdlib as ${SNT_STDLIB_FORM}"
  VERBATIM)
target_sources(snt_lua PRIVATE ${SNT_STDLIB_SOURCE})
