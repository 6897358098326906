# Warnings and hardening, on one interface target that every target of ours links.
add_library(snt_flags INTERFACE)
target_compile_options(snt_flags INTERFACE -std=gnu2x
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes
  -Wmissing-prototypes -Wwrite-strings -Wundef -Wformat=2 -Wvla
  -fstack-protector-strong -fno-strict-aliasing -fvisibility=hidden)
target_compile_definitions(snt_flags INTERFACE _GNU_SOURCE)
target_include_directories(snt_flags INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_BINARY_DIR}/generated)
target_link_options(snt_flags INTERFACE -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--as-needed)
if(SENTINEL_WERROR)
  target_compile_options(snt_flags INTERFACE -Werror)
endif()
if(SENTINEL_SANITIZE)
  target_compile_options(snt_flags INTERFACE -fsanitize=${SENTINEL_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(snt_flags INTERFACE -fsanitize=${SENTINEL_SANITIZE})
  target_compile_definitions(snt_flags INTERFACE SNT_SANITIZED=1)
else()
  target_compile_definitions(snt_flags INTERFACE SNT_SANITIZED=0)
  target_compile_options(snt_flags INTERFACE $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE> $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=2>)
endif()
add_link_options($<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-pie>)
