# The evaluator's seccomp filters are compiled once, here, by a tool that links libseccomp; the program does not.
add_executable(snt_gen_seccomp ${CMAKE_SOURCE_DIR}/src/lua/gen/seccomp.c)
# libseccomp's own macros leave fields out.
target_compile_options(snt_gen_seccomp PRIVATE -std=gnu2x -Wall -Wextra -Wno-missing-field-initializers)
target_compile_definitions(snt_gen_seccomp PRIVATE _GNU_SOURCE)
target_link_libraries(snt_gen_seccomp PRIVATE dep_seccomp)
set(SNT_SECCOMP_HEADER ${CMAKE_BINARY_DIR}/generated/snt_seccomp.h)
add_custom_command(
  OUTPUT ${SNT_SECCOMP_HEADER}
  COMMAND snt_gen_seccomp > ${SNT_SECCOMP_HEADER}
  DEPENDS snt_gen_seccomp
  COMMENT "Compiling the evaluator's seccomp filters")
if(SENTINEL_SANITIZE)
  set(SNT_EVALUATOR_SOURCES lockdown_build_sanitized.c pool_sanitized.c)
else()
  set(SNT_EVALUATOR_SOURCES lockdown_build.c pool.c)
endif()
list(TRANSFORM SNT_EVALUATOR_SOURCES PREPEND ${CMAKE_SOURCE_DIR}/src/lua/)
target_sources(snt_lua PRIVATE ${SNT_EVALUATOR_SOURCES} ${SNT_SECCOMP_HEADER})
